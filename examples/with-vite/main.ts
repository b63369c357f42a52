import { connect } from "tidemark/client";

const chat = connect("/connect").stream("chat/general", { last: 50 });
const input = document.querySelector("input");
const list = document.querySelector("ol");

chat.on("message", ({ data }) => {
  const line = document.createElement("li");
  line.textContent = String(data);
  list?.append(line);
});

input?.addEventListener("change", () => {
  void chat.publish(input.value);
  input.value = "";
});
