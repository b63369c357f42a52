/** Tidemark in Vite's dev server: page, hot reload and channels on one port, with `npx vite examples/with-vite`. */
import { stream, tidemark } from "tidemark";
import { defineConfig, type Plugin } from "vite";

const channels: Plugin = {
  name: "channels",
  configureServer({ httpServer }) {
    // A new one each time: Vite starts over when this file changes.
    const chat = tidemark().channels({ "chat/:id": stream({ retain: { count: 100 } }) });
    if (httpServer !== null) chat.attach(httpServer);
    httpServer?.on("close", () => void chat.close());
  },
};

export default defineConfig({ plugins: [channels] });
