/** Serves the built page, and hands what it does not know to the services. */
import { join } from "node:path";
import { type PreviewServer, preview } from "vite";

const FRONTEND = join(import.meta.dirname, "..", "..");

export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

export async function servePage(
  outDir: string,
  proxy: Record<string, { target: string; ws?: boolean }> = {},
): Promise<PageServer> {
  const server: PreviewServer = await preview({
    root: FRONTEND,
    configFile: false,
    logLevel: "error",
    appType: "spa",
    build: { outDir },
    preview: { host: "127.0.0.1", port: 0, proxy, allowedHosts: ["page.example"] },
  });
  const address = server.httpServer.address();
  if (address === null || typeof address === "string") throw new Error("The page has no port.");
  return { url: `http://127.0.0.1:${address.port}`, close: () => server.close() };
}
