#!/bin/sh
# Makes the Python environment that judges: PyTorch, zarr, onnx, scikit-learn in tests and benchmarks. Never needed to use difftap.
#   sh tooling/judge/setup.sh [FOLDER]        then   DIFFTAP_PYTHON=FOLDER/bin/python npm test
set -eu
folder=${1:-$(dirname "$0")/../../.cache/judge}
[ -e "$folder/complete" ] && exit 0
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet torch==2.15.0 numpy onnx==1.23.2 onnxruntime safetensors zarr==3.1.6 scikit-learn pillow pycocotools tensorboard
: > "$folder/complete"
