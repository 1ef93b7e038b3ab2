/** How much is measured. */
export interface Plan {
  readonly isQuick: boolean;
  readonly inProcess: {
    readonly rounds: number;
    readonly milliseconds: number;
  };
  readonly http: { readonly rounds: number; readonly milliseconds: number };
  readonly memory: { readonly sessions: number };
  readonly imports: { readonly rounds: number };
  readonly growth: {
    readonly rounds: number;
    readonly small: number;
    readonly large: number;
    readonly milliseconds: number;
  };
  readonly sweep: { readonly expired: number; readonly milliseconds: number };
}

export const FULL: Plan = {
  isQuick: false,
  inProcess: { rounds: 9, milliseconds: 250 },
  http: { rounds: 7, milliseconds: 2000 },
  memory: { sessions: 1_000_000 },
  imports: { rounds: 25 },
  growth: { rounds: 7, small: 10_000, large: 5_000_000, milliseconds: 500 },
  sweep: { expired: 1_000_000, milliseconds: 5000 },
};

/** Ends within three minutes on two processors. */
export const QUICK: Plan = {
  isQuick: true,
  inProcess: { rounds: 3, milliseconds: 50 },
  http: { rounds: 3, milliseconds: 140 },
  memory: { sessions: 100_000 },
  imports: { rounds: 7 },
  growth: { rounds: 3, small: 10_000, large: 100_000, milliseconds: 80 },
  sweep: { expired: 50_000, milliseconds: 800 },
};
