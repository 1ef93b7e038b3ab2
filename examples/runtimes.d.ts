// As much of the types of Bun, Deno and workerd as the programs here need. An application has those of its runtime.

type Handler = (request: Request) => Response | Promise<Response>;

interface Address {
  readonly port: number;
}

declare const Bun: {
  serve(options: {
    readonly hostname: string;
    readonly port: number;
    readonly routes: Readonly<Record<string, Handler | Readonly<Record<string, Handler>>>>;
  }): Address;
};

declare const Deno: {
  serve(
    options: {
      readonly hostname: string;
      readonly port: number;
      readonly onListen: (address: Address) => void;
    },
    handler: Handler,
  ): unknown;
  readonly env: { get(name: string): string | undefined };
};

declare module "cloudflare:workers" {
  export const env: Readonly<Record<string, string>>;
}
