/** A process that works on demand: it says that it is ready, then answers every line with a line of JSON. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** `ready` is what it said first; it is refused with the end of what it complained of. */
export async function startServer(command, args, environment = {}) {
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  let said = "";
  child.stderr.on("data", (text) => {
    said = `${said}${text}`.slice(-500);
  });
  const failed = new Promise((_, refuse) => child.once("error", refuse));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await Promise.race([lines.next(), failed]);
    if (done) throw new Error(`${args.join(" ")} ended: ${said}`);
    return JSON.parse(value);
  };
  const ready = await next();
  const ask = (line) => {
    child.stdin.write(`${line}\n`);
    return next();
  };
  return { ask, ready, close: () => child.stdin.end() };
}
