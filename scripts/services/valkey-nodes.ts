import type { ValkeyNode } from "./valkey-node.ts";

interface Member {
  readonly start: (port: number) => Promise<ValkeyNode>;
  node: ValkeyNode;
  alive: boolean;
}

/** Nodes that are killed and started again, by their ports. */
export class ValkeyNodes {
  readonly #members = new Map<number, Member>();

  /** @param start Starts the node: on a free port, and later again on the same one. */
  async add(start: (port?: number) => Promise<ValkeyNode>): Promise<number> {
    const node = await start();
    this.#members.set(node.port, { start, node, alive: true });
    return node.port;
  }

  get living(): number[] {
    return [...this.#members].filter(([, { alive }]) => alive).map(([port]) => port);
  }

  has(port: number): boolean {
    return this.#members.has(port);
  }

  async kill(port: number): Promise<void> {
    const member = this.#member(port);
    member.alive = false;
    await member.node.kill();
  }

  async restart(port: number): Promise<void> {
    const member = this.#member(port);
    if (member.alive) throw new Error(`The node on port ${port} is alive: kill it first.`);
    member.node = await member.start(port);
    member.alive = true;
  }

  #member(port: number): Member {
    const member = this.#members.get(port);
    if (member !== undefined) return member;
    throw new Error(`There is no node on port ${port}: ${[...this.#members.keys()].join(", ")}.`);
  }
}
