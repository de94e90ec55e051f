/**
 * The backend: TensorFlow.js asks it to run kernels and to keep data; it records, and runs what is recorded when something is read, when
 * a step ends, or when a lot has gathered.
 */
import { arrayTypes } from "@difftap/core";
import {
  type BackendTimingInfo,
  type BackendValues,
  backend_util,
  type DataType,
  engine,
  KernelBackend,
  type TensorInfo,
} from "@tensorflow/tfjs-core";
import { typed, uniformNumber } from "./graph/host-data.js";
import { Recorder } from "./graph/recorder.js";
import { elementType, type HostData, type Value } from "./graph/value.js";
import { GraphRunner } from "./runtime/graph-runner.js";
import { RuntimeThread, type ThreadStatistics } from "./runtime/runtime-thread.js";

export interface BackendOptions {
  /** ONNX Runtime's execution providers, in the order of preference: cpu, cuda, webgpu, dml, coreml. */
  readonly providers?: readonly string[];
  /** Threads of the runtime; 0 for one per core. */
  readonly threads?: number;
  /** Graphs keep the memory they needed for their next run: faster, but many graphs keep much; true unless given. */
  readonly arena?: boolean;
  /** Bytes that compiled graphs may need together beside their inputs and outputs. */
  readonly cacheBytes?: number;
  /** Nodes after which a graph runs at the end of the outermost `tidy`, so that a loop that reads nothing keeps its rhythm. */
  readonly softLimit?: number;
  /** Nodes after which a graph runs wherever it stands. */
  readonly hardLimit?: number;
}

export interface BackendStatistics extends ThreadStatistics {
  /** Graphs known by their signature. */
  readonly graphs: number;
  /** Milliseconds spent planning, recognising and handing over graphs. */
  readonly planMilliseconds: number;
}

const defaults: Required<BackendOptions> = {
  providers: ["cpu"],
  threads: 0,
  arena: true,
  cacheBytes: 4 * 2 ** 30,
  softLimit: 512,
  hardLimit: 8192,
};

export class OnnxRuntimeBackend extends KernelBackend {
  readonly recorder = new Recorder(() => this.#thread.channelBlock);
  readonly #thread: RuntimeThread;
  readonly #runner: GraphRunner;
  readonly #options: Required<BackendOptions>;
  #scope: unknown;

  /** @param worker the module of the runtime thread. */
  constructor(worker: URL, options: BackendOptions = {}) {
    super();
    this.#options = { ...defaults, ...options };
    this.#thread = new RuntimeThread(worker, this.#options);
    this.#runner = new GraphRunner(this.#thread, this.#options.cacheBytes);
  }

  /** Brings the data of tensors that another backend holds over to this one. */
  adopt(input: TensorInfo | readonly TensorInfo[] | undefined): void {
    if (input === undefined || input === null) return;
    if (Array.isArray(input)) for (const each of input as readonly TensorInfo[]) this.adopt(each);
    else {
      const { dataId } = input as TensorInfo;
      if (!this.recorder.values.owns(dataId)) engine().moveData(this, dataId);
    }
  }

  /** Called by every kernel before it records. */
  beforeKernel(): void {
    const { size } = this.recorder;
    const { scopeStack } = engine().state;
    const scope = scopeStack[0];
    const changed = scope !== this.#scope;
    this.#scope = scope;
    if ((changed && size >= this.#options.softLimit) || size >= this.#options.hardLimit) this.flush();
  }

  /**
   * Runs what is recorded; does not wait for it. The natural place is the end of a training step. What nobody holds any more is not
   * computed.
   */
  flush(): void {
    this.#runner.run(this.recorder);
  }

  get statistics(): BackendStatistics {
    return { ...this.#thread.statistics, ...this.#runner.statistics };
  }

  // ---- data

  override write(values: BackendValues, shape: number[], dtype: DataType): Value {
    return this.#create(values, shape, dtype);
  }

  /** Takes over a data id of another backend: it becomes an alias of a value of ours. */
  override move(
    dataId: object,
    values: BackendValues,
    shape: number[],
    dtype: DataType,
    refCount: number,
  ): void {
    const made = this.#create(values, shape, dtype);
    made.references = refCount;
    Object.assign(dataId, made);
  }

  #create(values: BackendValues, shape: number[], dtype: DataType): Value {
    if (dtype === "string") {
      return this.recorder.values.create(
        { kind: "strings", strings: values as Uint8Array[] },
        shape,
        "uint8",
      );
    }
    if (dtype === "complex64") throw new Error("complex tensors are made by tf.complex");
    const type = elementType(dtype);
    const data = typed(values as HostData | readonly number[], type);
    const number = uniformNumber(data);
    if (number !== undefined) return this.recorder.values.create({ kind: "uniform", number }, shape, type);
    // A copy: the array belongs to whoever wrote it, and is handed over only when a graph runs.
    const own = data === values ? data.slice() : data;
    return this.recorder.values.create({ kind: "host", data: own }, shape, type);
  }

  override async read(dataId: object): Promise<BackendValues> {
    const value = dataId as Value;
    const known = this.#onHost(value);
    if (known) return known;
    if (value.state.kind === "complex") {
      const { real, imag } = value.state;
      const parts = await Promise.all([this.read(real.dataId), this.read(imag.dataId)]);
      return backend_util.mergeRealAndImagArrays(parts[0] as Float32Array, parts[1] as Float32Array);
    }
    const read = this.#readable(value);
    try {
      return await this.#thread.read(read.id);
    } finally {
      if (read !== value) this.recorder.values.release(read);
    }
  }

  override readSync(dataId: object): BackendValues {
    const value = dataId as Value;
    const known = this.#onHost(value);
    if (known) return known;
    if (value.state.kind === "complex") {
      const { real, imag } = value.state;
      return backend_util.mergeRealAndImagArrays(
        this.readSync(real.dataId) as Float32Array,
        this.readSync(imag.dataId) as Float32Array,
      );
    }
    const read = this.#readable(value);
    try {
      return this.#thread.readSync(read.id);
    } finally {
      if (read !== value) this.recorder.values.release(read);
    }
  }

  #onHost({ state, shape, dtype }: Value): BackendValues | undefined {
    if (state.kind === "host") return state.data.slice();
    if (state.kind === "strings") return state.strings.slice();
    if (state.kind !== "uniform") return undefined;
    const length = shape.reduce((product, side) => product * side, 1);
    return (new arrayTypes[dtype](length) as HostData).fill(state.number);
  }

  /** Runs what has to run before the value can be read. A view is moved into a value of its own. */
  #readable(value: Value): Value {
    if (value.state.kind !== "view") {
      if (value.state.kind === "pending") this.flush();
      return value;
    }
    const edge = this.recorder.edge(value);
    const moved = this.recorder.values.create({ kind: "pending", edge }, value.shape, value.dtype, false);
    this.flush();
    return moved;
  }

  // ---- references

  override incRef(dataId: object): void {
    this.recorder.values.retain(dataId as Value);
  }

  override refCount(dataId: object): number {
    return (dataId as Value).references ?? 0;
  }

  override disposeData(dataId: object, force = false): boolean {
    const value = dataId as Value;
    if (!this.recorder.values.owns(value)) return true;
    const gone = this.recorder.values.release(value, force);
    if (gone && value.state.kind === "complex") {
      this.disposeData(value.state.real.dataId);
      this.disposeData(value.state.imag.dataId);
    }
    return gone;
  }

  override numDataIds(): number {
    return this.recorder.values.visible;
  }

  // ---- about itself

  override memory(): { unreliable: boolean } {
    return { unreliable: false };
  }

  override timerAvailable(): boolean {
    return true;
  }

  /** Milliseconds that ONNX Runtime took for what the function recorded. Blocks until it is done. */
  override async time(work: () => void): Promise<BackendTimingInfo> {
    this.flush();
    this.#thread.settle();
    const before = this.#thread.statistics.runMilliseconds;
    work();
    this.flush();
    this.#thread.settle();
    return { kernelMs: this.#thread.statistics.runMilliseconds - before };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {
    this.#thread.close();
  }
}
