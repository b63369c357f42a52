import { createElement, type ReactElement } from "react";
import { renderToString } from "react-dom/server";
import { TidemarkProvider, useClient, usePresence, useStatus, useStream, useTransient } from "tidemark/react";
import { expect, test } from "vitest";

function Everything(): ReactElement {
  const { messages, pending, ready, error } = useStream("chat/:id", { id: "general" }, { last: 50 });
  const { latest } = useTransient("typing/general");
  const { count } = usePresence("chat/:id", { id: "general" });
  const shown = {
    status: useStatus(),
    client: useClient() ?? null,
    messages,
    pending,
    ready,
    error,
    latest,
    count,
  };
  return createElement("p", {}, JSON.stringify(shown).replaceAll('"', "'"));
}

test("on a server the hooks say that nothing is there yet, and no client is made", () => {
  const client = (): never => {
    throw new Error("a server has no page to connect for");
  };
  const html = renderToString(createElement(TidemarkProvider, { client }, createElement(Everything)));
  expect(html.replaceAll("&#x27;", "'")).toBe(
    "<p>{'status':'connecting','client':null,'messages':[],'pending':[],'ready':false,'latest':[],'count':0}</p>",
  );
});

test("without a provider publishing rejects, and says what is missing", async () => {
  let publish: ((data: unknown) => Promise<unknown>) | undefined;
  function Lonely(): null {
    ({ publish } = useStream("chat/general"));
    return null;
  }
  renderToString(createElement(Lonely));
  await expect(publish?.("hi")).rejects.toThrow("its provider makes it");
});
