/** Processor time of TensorFlow's kernels, all threads together: each is computed before its call returns. */

const processorTime = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/**
 * Has every call of the addon's backend counted. The function that it gives returns [kernel, calls, milliseconds] of the calls since the last
 * time, the dearest first.
 */
export function kernelTimes(backend) {
  let times = new Map();
  const { binding } = backend;
  const executeOp = (name, ...given) => {
    const before = processorTime();
    const outputs = binding.executeOp(name, ...given);
    const { calls, spent } = times.get(name) ?? { calls: 0, spent: 0 };
    times.set(name, { calls: calls + 1, spent: spent + processorTime() - before });
    return outputs;
  };
  backend.binding = new Proxy({}, { get: (_, key) => (key === "executeOp" ? executeOp : binding[key]) });
  return () => {
    const found = [...times].map(([name, { calls, spent }]) => [name, calls, spent]);
    times = new Map();
    return found.sort((a, b) => b[2] - a[2]);
  };
}
