import { serve } from "./serve.js";
import { app } from "./tidemark-app.js";

serve(async ({ port }) => (await app.listen({ port, host: "127.0.0.1" })).port);
