/** Lines of standard input on every rank: mpiexec gives them to the first one only. Waiting for one costs no processor time, as MPI's own would. */
import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The ranks of a machine have the same parent. */
const address = () => join(tmpdir(), `difftap-bench-${process.ppid}.sock`);

export async function askedLines(collective) {
  if (collective.size === 1) return createInterface({ input: process.stdin });
  const listening = collective.rank === 0 ? await listen() : undefined;
  collective.barrier();
  if (listening === undefined) return createInterface({ input: connect(address()) });
  return passOn(await listening.others(collective.size - 1));
}

async function listen() {
  rmSync(address(), { force: true });
  const server = createServer();
  const sockets = [];
  server.on("connection", (socket) => sockets.push(socket));
  await once(server.listen(address()), "listening");
  return {
    async others(count) {
      while (sockets.length < count) await once(server, "connection");
      server.close();
      return sockets;
    },
  };
}

async function* passOn(others) {
  for await (const line of createInterface({ input: process.stdin })) {
    for (const socket of others) socket.write(`${line}\n`);
    yield line;
  }
  for (const socket of others) socket.end();
}
