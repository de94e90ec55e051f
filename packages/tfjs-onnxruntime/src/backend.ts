/**
 * The backend: TensorFlow.js asks it to run kernels and to keep data; it records, and runs what is recorded when something is read, when
 * a step ends, or when a lot has gathered.
 */
import { arrayTypes, type DType } from "@difftap/core";
import {
  type BackendTimingInfo,
  type BackendValues,
  backend_util,
  type DataType,
  engine,
  KernelBackend,
  type TensorInfo,
} from "@tensorflow/tfjs-core";
import { ModelCache } from "./graph/model-cache.js";
import { planGraph } from "./graph/plan.js";
import { Recorder } from "./graph/recorder.js";
import { elementType, type HostData, type Value } from "./graph/value.js";
import type { FedNumber, Upload } from "./runtime/protocol.js";
import { RuntimeThread, type ThreadStatistics } from "./runtime/runtime-thread.js";

export interface BackendOptions {
  /** ONNX Runtime's execution providers, in the order of preference: cpu, cuda, webgpu, dml, coreml. */
  readonly providers?: readonly string[];
  /** Threads of the runtime; 0 for one per core. */
  readonly threads?: number;
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
  cacheBytes: 4 * 2 ** 30,
  softLimit: 512,
  hardLimit: 8192,
};

export class OnnxRuntimeBackend extends KernelBackend {
  readonly recorder = new Recorder();
  readonly #thread: RuntimeThread;
  readonly #models: ModelCache;
  readonly #options: Required<BackendOptions>;
  #scope: unknown;
  #planMilliseconds = 0;

  /** @param worker the module of the runtime thread. */
  constructor(worker: URL, options: BackendOptions = {}) {
    super();
    this.#options = { ...defaults, ...options };
    this.#thread = new RuntimeThread(worker, this.#options);
    this.#models = new ModelCache(this.#options.cacheBytes);
  }

  /** Brings the data of tensors that another backend holds over to this one. */
  adopt(input: TensorInfo | readonly TensorInfo[] | undefined): void {
    if (input === undefined || input === null) return;
    if (Array.isArray(input)) for (const each of input as readonly TensorInfo[]) this.adopt(each);
    else {
      const { dataId } = input as TensorInfo;
      if ((dataId as Value).owner !== this.recorder) engine().moveData(this, dataId);
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
    const { recorder } = this;
    const started = performance.now();
    const plan = planGraph(recorder.pending);
    if (plan.outputs.length === 0) {
      this.#thread.release(recorder.takeReleased(), this.#models.takeDropped());
      recorder.startAnew();
      return;
    }
    const { session, fed, model } = this.#models.find(plan);
    this.#thread.run({
      kind: "run",
      session,
      model,
      uploads: plan.feeds.flatMap(uploadOf),
      feeds: plan.feeds.map(({ id }) => id),
      numbers: fed.map((place): FedNumber => ({ place, ...plan.numbers[place]! })),
      outputs: plan.outputs.map(({ values }) => values.map(({ id }) => id)),
      released: [...recorder.takeReleased(), ...unheld(plan.feeds)],
      dropped: this.#models.takeDropped(),
    });
    for (const value of recorder.pending) value.state = { kind: "resident" };
    recorder.pending.clear();
    recorder.startAnew();
    this.#planMilliseconds += performance.now() - started;
  }

  get statistics(): BackendStatistics {
    return {
      ...this.#thread.statistics,
      graphs: this.#models.size,
      planMilliseconds: this.#planMilliseconds,
    };
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
      return this.recorder.create({ kind: "strings", strings: values as Uint8Array[] }, shape, "uint8");
    }
    if (dtype === "complex64") throw new Error("complex tensors are made by tf.complex");
    const type = elementType(dtype);
    const data = typed(values as HostData | readonly number[], type);
    const number = uniformNumber(data);
    if (number !== undefined) return this.recorder.create({ kind: "uniform", number }, shape, type);
    // A copy: the array belongs to whoever wrote it, and is handed over only when a graph runs.
    const own = data === values ? data.slice() : data;
    return this.recorder.create({ kind: "host", data: own }, shape, type);
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
      if (read !== value) this.#dispose(read);
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
      if (read !== value) this.#dispose(read);
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
    const moved = this.recorder.create({ kind: "pending", edge }, value.shape, value.dtype, false);
    this.flush();
    return moved;
  }

  #dispose(value: Value): void {
    this.recorder.release(value);
  }

  // ---- references

  override incRef(dataId: object): void {
    this.recorder.retain(dataId as Value);
  }

  decRef(dataId: object): void {
    (dataId as Value).references -= 1;
  }

  override refCount(dataId: object): number {
    return (dataId as Value).references ?? 0;
  }

  override disposeData(dataId: object, force = false): boolean {
    const value = dataId as Value;
    if (value.owner !== this.recorder) return true;
    const gone = this.recorder.release(value, force);
    if (gone && value.state.kind === "complex") {
      this.disposeData(value.state.real.dataId);
      this.disposeData(value.state.imag.dataId);
    }
    return gone;
  }

  override numDataIds(): number {
    return this.recorder.visible;
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

/** Hands a host value over; its data goes with it. */
function uploadOf(value: Value): Upload[] {
  const { id, dtype, shape, state } = value;
  if (state.kind !== "host") return [];
  value.state = { kind: "resident" };
  return [{ id, dtype, shape, data: state.data }];
}

/** Values that were disposed between being recorded and being fed. */
function unheld(feeds: readonly Value[]): number[] {
  return feeds.flatMap(({ id, references }) => (references > 0 ? [] : [id]));
}

/** The values in the array type of their element type; the same array where it has that already. */
function typed(values: HostData | readonly number[], type: DType): HostData {
  const Type = arrayTypes[type] as unknown as typeof Float32Array;
  return values instanceof Type ? values : Type.from(values);
}

/**
 * The number that an array holds everywhere, such as the ones that gradients begin with: then the array equals itself moved by one
 * element, which the machine compares at the speed of its memory.
 */
function uniformNumber(data: HostData): number | undefined {
  if (data.length < 2) return undefined;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const size = data.BYTES_PER_ELEMENT;
  return bytes.subarray(size).equals(bytes.subarray(0, -size)) ? data[0] : undefined;
}
