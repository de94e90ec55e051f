#!/bin/sh
# Builds the addon of @tensorflow/tfjs-node against the TensorFlow that a PyPI wheel holds, so that the `tensorflow` engine runs
# where the addon's own installation, a download from a storage bucket, is blocked. For tests and benchmarks; Linux x64.
# Needs node, npm, pip, unzip, sha256sum and g++; takes about a minute and 900 MB.
#   sh tooling/tensorflow/setup.sh [FOLDER]        then   DIFFTAP_TENSORFLOW=FOLDER npm test
# FOLDER is .cache/tfjs-node unless given, and is then found without the variable.
set -eu
tfjs=4.22.0
headers=1.9.0
# From 2.12.1 to 2.15.1 the wheel's libtensorflow_cc stands alone, without symbols of Python.
tensorflow=2.15.1
sha256=ba9503db2c5357ea21938555323581fbdabf3d051b6bc1b5f73c5b0ae034d077

folder=${1:-$(dirname "$0")/../../.cache/tfjs-node}
complete="$folder/complete-$tfjs-$tensorflow"
[ -e "$complete" ] && exit 0

fail() { echo "tooling/tensorflow/setup.sh: $1" >&2; exit 1; }
[ "$(uname -sm)" = "Linux x86_64" ] || fail "the wheel is for Linux x86_64, this is $(uname -sm)"
for tool in node npm pip unzip sha256sum g++; do
  command -v "$tool" > /dev/null || fail "$tool is not there; install it and start again"
done

# What an earlier run left unfinished is begun again; any other folder is left alone.
[ ! -e "$folder" ] || [ -e "$folder/begun" ] || fail "$folder is there already; name another folder or remove it"
rm -rf "$folder"
mkdir -p "$folder/wheel"
: > "$folder/begun"
folder=$(cd "$folder" && pwd)
complete="$folder/complete-$tfjs-$tensorflow"
cd "$folder"

printf '{"private":true}\n' > package.json
npm install --ignore-scripts --no-audit --no-fund --loglevel=error \
  "@tensorflow/tfjs-node@$tfjs" "node-api-headers@$headers" || fail "npm could not install @tensorflow/tfjs-node $tfjs"
pip download --quiet --no-deps --only-binary=:all: --implementation cp --python-version 3.10 \
  --platform manylinux2014_x86_64 --dest wheel "tensorflow-cpu==$tensorflow" ||
  fail "pip could not fetch tensorflow-cpu $tensorflow"
echo "$sha256  $(ls wheel/*.whl)" | sha256sum --check --status - ||
  fail "the wheel's checksum is $(sha256sum wheel/*.whl | cut -c 1-64), not $sha256"

addon="$folder/node_modules/@tensorflow/tfjs-node"
mkdir -p "$addon/deps/lib" "$addon/lib/napi-v8"
unzip -q wheel/*.whl 'tensorflow/libtensorflow_cc.so.2' 'tensorflow/libtensorflow_framework.so.2' \
  'tensorflow/include/tensorflow/c/*' 'tensorflow/include/tensorflow/core/platform/ctstring*' \
  'tensorflow/include/tsl/platform/ctstring*' 'tensorflow/include/tsl/c/*' \
  'tensorflow/THIRD_PARTY_NOTICES.txt' '*.dist-info/LICENSE' -d wheel
mv wheel/tensorflow/lib*.so.2 "$addon/deps/lib/"
mv wheel/tensorflow/include "$addon/deps/include"
mv wheel/tensorflow/THIRD_PARTY_NOTICES.txt wheel/*.dist-info/LICENSE "$addon/deps/"
rm -rf wheel

g++ -std=c++17 -O2 -fPIC -shared -w -DNAPI_VERSION=8 \
  -Inode_modules/node-api-headers/include "-I$addon/deps/include" \
  "$addon/binding/tfjs_backend.cc" "$addon/binding/tfjs_binding.cc" \
  "-L$addon/deps/lib" -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 \
  '-Wl,-rpath,$ORIGIN/../../deps/lib' -o "$addon/lib/napi-v8/tfjs_binding.node" || fail "the addon does not compile"

TF_CPP_MIN_LOG_LEVEL=2 node -e '
  const tf = require("@tensorflow/tfjs-node");
  const product = tf.matMul([[1, 2], [3, 4]], [[1, 2], [3, 4]]).dataSync().join();
  if (tf.getBackend() !== "tensorflow" || product !== "7,10,15,22") process.exit(1);
  console.log(`@tensorflow/tfjs-node runs on TensorFlow ${tf.backend().binding.TF_Version}`);
' || fail "the addon was built but does not multiply"
: > "$complete"
