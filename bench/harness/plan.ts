/** How much is measured. */
export interface Plan {
  readonly isQuick: boolean;
  readonly inProcess: InProcessPlan;
  readonly http: {
    readonly rounds: number;
    readonly milliseconds: number;
    readonly seconds: number;
  };
  readonly memory: { readonly sessions: number };
  readonly imports: { readonly rounds: number };
  readonly growth: {
    readonly rounds: number;
    readonly small: number;
    readonly large: number;
    readonly milliseconds: number;
  };
  readonly sweep: {
    readonly rounds: number;
    readonly expired: number;
    readonly milliseconds: number;
  };
}

export interface InProcessPlan {
  readonly rounds: number;
  /** How long each figure's code runs before the first round: it takes tens of thousands of requests to be compiled for good. */
  readonly warmUp: number;
  /** How long one subject is measured in one round. */
  readonly milliseconds: number;
  /** After so long no further round begins, but for the first: a slow machine measures less often, not longer. */
  readonly seconds: number;
}

/** Takes about forty minutes on two processors. */
export const FULL: Plan = {
  isQuick: false,
  inProcess: { rounds: 9, warmUp: 1000, milliseconds: 200, seconds: 300 },
  http: { rounds: 3, milliseconds: 1000, seconds: 480 },
  memory: { sessions: 1_000_000 },
  imports: { rounds: 25 },
  growth: { rounds: 7, small: 10_000, large: 5_000_000, milliseconds: 500 },
  sweep: { rounds: 3, expired: 1_000_000, milliseconds: 2000 },
};

/** Ends within three minutes on two processors. */
export const QUICK: Plan = {
  isQuick: true,
  inProcess: { rounds: 5, warmUp: 80, milliseconds: 40, seconds: 55 },
  http: { rounds: 3, milliseconds: 100, seconds: 45 },
  memory: { sessions: 100_000 },
  imports: { rounds: 7 },
  growth: { rounds: 3, small: 10_000, large: 100_000, milliseconds: 80 },
  sweep: { rounds: 1, expired: 50_000, milliseconds: 200 },
};
