// Ends the output of a test run with one plain line, "12 passed, 0 failed", for people and programs to read.
export default class PlainLineReporter {
  #count;

  onInit() {
    // At exit, so that nothing comes after it.
    process.once("exit", () => {
      if (this.#count !== undefined) printEnd(this.#count);
    });
  }

  onTestRunEnd(modules, unhandledErrors) {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      // A file or a group that broke outside of its tests (an import, a hook) is a failure like any other.
      for (const group of [module, ...module.children.allSuites()]) {
        if (group.errors().length > 0) count.failed += 1;
      }
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        count[state === "pending" ? "failed" : state] += 1;
      }
    }
    this.#count = count;
    if (count.passed + count.failed > 0) return;
    console.error("No test ran.");
    process.exitCode = 1;
  }
}

function printEnd({ passed, failed, skipped }) {
  const { TIDEMARK_MISSING: missing, TIDEMARK_CHECKS: checks } = process.env;
  if (missing && skipped > 0) console.log(`Tests were skipped because this is missing: ${missing}`);
  if (checks === "failed") console.log("The checks before the tests failed: npm run check");
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
}
