/** One figure beside its goal. */
export interface Part {
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  /** What the same work costs without a library, where there is such a figure. */
  readonly floor: number | null;
  /** The figure of the best of the others, where they have one. */
  readonly bestPeer: number | null;
  readonly bestPeerName: string | null;
  /** What the value must not pass. */
  readonly goal: number;
  readonly met: boolean;
  /** Whether the line depends on it. What does not is shown all the same. */
  readonly isJudged: boolean;
  /** The goal in words. */
  readonly rule: string;
}

/** A row of the goals: of its judged parts the one that is furthest from its goal. It is met where all of those are. */
export interface Line extends Part {
  readonly parts: readonly Part[];
}

interface PartOptions {
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  readonly goal: number;
  readonly rule: string;
  readonly floor?: number | undefined;
  readonly peer?: Peer | undefined;
  /** Default: whether the value is at most the goal. */
  readonly met?: boolean;
  /** Default: it is. */
  readonly isJudged?: boolean;
}

export interface Peer {
  readonly name: string;
  readonly value: number;
}

export function part({ peer, floor, met, isJudged = true, ...rest }: PartOptions): Part {
  return {
    id: rest.id,
    value: rounded(rest.value),
    unit: rest.unit,
    floor: floor === undefined ? null : rounded(floor),
    bestPeer: peer === undefined ? null : rounded(peer.value),
    bestPeerName: peer?.name ?? null,
    goal: rounded(rest.goal),
    met: met ?? rest.value <= rest.goal,
    isJudged,
    rule: rest.rule,
  };
}

export function line(id: string, parts: readonly Part[]): Line {
  const judged = parts.filter(({ isJudged }) => isJudged);
  const [first, ...others] = judged;
  if (first === undefined) throw new Error(`${id} has no parts.`);
  const worst = others.reduce((a, b) => (distance(b) > distance(a) ? b : a), first);
  return { ...worst, id, met: judged.every(({ met }) => met), parts };
}

/** How far a figure is from its goal: above 1 it misses it. */
function distance({ value, goal, met }: Part): number {
  // What is not a number was not measured.
  if (Number.isNaN(value)) return Number.POSITIVE_INFINITY;
  const ratio = goal === 0 ? (value > 0 ? Number.POSITIVE_INFINITY : 0) : Math.max(value, 0) / goal;
  const isRight = ratio <= 1 === met;
  // Where more is better, or another condition fails besides.
  return isRight ? ratio : 1 / ratio;
}

export function lowest(peers: readonly Peer[]): Peer | undefined {
  return peers.toSorted((a, b) => a.value - b.value)[0];
}

export function highest(peers: readonly Peer[]): Peer | undefined {
  return peers.toSorted((a, b) => b.value - a.value)[0];
}

/** Three digits are more than the measurements are good for. */
function rounded(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
}
