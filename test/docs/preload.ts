// Loaded before an example that may start a server: the server listens on a free port of the loopback interface instead
// of the one it names, and says which. The same file serves Node, Bun and Deno.
import { Server } from "node:net";

type Options = Record<string, unknown>;
type Serve = (...args: unknown[]) => { readonly port: number };

interface Runtimes {
  readonly Bun?: { serve: Serve };
  readonly Deno?: { serve: Serve };
}

const ANYWHERE = { port: 0, hostname: "127.0.0.1" };
const { Bun, Deno } = globalThis as Runtimes;

function say(port: number): void {
  console.log(`\n@listening ${port}`);
}

if (Deno !== undefined) {
  const { serve } = Deno;
  Deno.serve = (...args) => {
    const options = args.find((each): each is Options => typeof each === "object") ?? {};
    const handler = args.find((each) => typeof each === "function") ?? options.handler;
    const onListen = ({ port }: { port: number }) => say(port);
    return serve({ ...options, ...ANYWHERE, onListen }, handler);
  };
} else if (Bun !== undefined) {
  const { serve } = Bun;
  Bun.serve = (options) => {
    const server = serve({ ...(options as Options), ...ANYWHERE });
    say(server.port);
    return server;
  };
} else {
  const { listen } = Server.prototype;
  Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
    const callback = args.find((each): each is () => void => typeof each === "function");
    this.once("listening", () => {
      const address = this.address();
      if (address !== null && typeof address === "object") say(address.port);
    });
    return Reflect.apply(listen, this, [{ port: 0, host: ANYWHERE.hostname }, callback]);
  };
}
