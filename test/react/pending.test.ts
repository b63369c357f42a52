/** What was published and is not among the messages yet, whichever comes first: the message or the answer. */
import { expect, test } from "vitest";
import { type Message, type Published, type Publishing, TidemarkError } from "../../src/client/index.js";
import { createPending } from "../../src/react/pending.js";

interface Answer {
  readonly resolve: (published: Published) => void;
  readonly reject: (error: TidemarkError) => void;
}

/** A list whose publishes are answered by the test, by their numbers from 1. */
function setUp() {
  const answers: Answer[] = [];
  let seen = 0;
  const list = createPending(
    (): Publishing => {
      const answer = new Promise<Published>((resolve, reject) => answers.push({ resolve, reject }));
      return Object.assign(answer, { idem: answers.length });
    },
    () => seen,
    () => {},
  );
  return {
    list,
    shown: () => list.list().map(({ data, state }) => `${String(data)} ${state}`),
    arrives: (offset: number, who: Pick<Message, "mine" | "idem"> = {}) => {
      seen = offset;
      list.arrived({ offset, data: "", time: 0, ...who });
      list.passed(offset);
    },
    answer: (n: number): Answer => {
      const answer = answers[n - 1];
      if (answer === undefined) throw new Error(`publish ${n} was not sent`);
      return answer;
    },
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("N21: with its sender told, a message that comes before its answer takes its pending row away", async () => {
  const { list, shown, arrives, answer } = setUp();
  void list.publish("one");
  void list.publish("two");
  arrives(10, { mine: true, idem: 1 });
  expect(shown()).toEqual(["two sending"]);
  answer(1).resolve({ offset: 10 });
  await settled();
  expect(shown()).toEqual(["two sending"]);
});

test("N21: the same number of another sender takes nothing away", () => {
  const { list, shown, arrives } = setUp();
  void list.publish("one");
  arrives(10, { mine: false, idem: 1 });
  expect(shown()).toEqual(["one sending"]);
});

test("N21: one whose outcome was unknown goes when its message comes after all", async () => {
  const { list, shown, arrives, answer } = setUp();
  list.publish("one").catch(() => {});
  answer(1).reject(new TidemarkError("outcome_unknown", "who knows"));
  await settled();
  expect(shown()).toEqual(["one failed"]);
  arrives(10, { mine: true, idem: 1 });
  expect(shown()).toEqual([]);
});

test("an answer that comes first leaves the row until the message is there", async () => {
  const { list, shown, arrives, answer } = setUp();
  void list.publish("one");
  answer(1).resolve({ offset: 10 });
  await settled();
  expect(shown()).toEqual(["one sending"]);
  arrives(10);
  expect(shown()).toEqual([]);
});

test("without a sender told, the answer takes the row away when the message has come already", async () => {
  const { list, shown, arrives, answer } = setUp();
  void list.publish("one");
  arrives(10);
  expect(shown()).toEqual(["one sending"]);
  answer(1).resolve({ offset: 10 });
  await settled();
  expect(shown()).toEqual([]);
});
