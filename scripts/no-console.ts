// Preloaded into every test process on Node: the library warns an operator, never a test run. A test of a file in src/
// that lets a warning of the library through fails; one that expects it replaces the method for its own time.
const file = process.argv[1] ?? "";

if (/\/src\/.*\.test\.ts$/.test(file)) {
  for (const method of ["warn", "error"] as const) {
    const print = console[method].bind(console);
    console[method] = (...args: unknown[]) => {
      print(...args);
      // Frameworks print on their own account.
      const { stack = "" } = new Error(
        `console.${method} was called: mock it where it is expected.`,
      );
      const [, , caller = ""] = stack.split("\n");
      if (!/\/src\/[^:]*(?<!\.test)\.ts:/.test(caller)) return;
      print(stack);
      process.exitCode = 1;
    };
  }
}

export {};
