import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin, runnerImport } from 'vite';

/** The shop that `npm run dev` stands before. */
const shop = process.env.SHOP ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react(), adminPages(), forServer()],
  server: {
    port: Number(process.env.PORT ?? 5173),
    strictPort: true,
    proxy: Object.fromEntries(
      // The host stays the browser's, so that the shop takes the page for one of its own.
      ['/api', '/health', '/openapi.json'].map((path) => [path, { target: shop }]),
    ),
  },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // the policy of the pages allows no data: scripts or fonts
    rolldownOptions: {
      input: { store: resolve('index.html'), admin: resolve('admin.html') },
      output: {
        // What every page needs comes in a few files; left alone it would be dozens of small ones.
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// },
            { name: 'tanstack', test: /node_modules\/@tanstack\// },
            {
              name: 'shared',
              test: /src\/(api\/|texts\/|[^/]+$)|openapi-fetch|vite\/preload-helper/,
            },
            { name: 'parts', test: /src\/store\/((parts|shell)\/|(?!main|router)[^/]+$)/ },
          ],
        },
      },
    },
  },
});

/** The gateway gives every path under /admin the admin's page; so does Vite while developing. */
function adminPages() {
  return {
    name: 'admin-pages',
    configureServer(server: import('vite').ViteDevServer) {
      server.middlewares.use((request, _response, next) => {
        if (/^\/admin(\/|\?|$)/.test(request.url ?? '')) request.url = '/admin.html';
        next();
      });
    },
  };
}

/** Writes what the server is to know of the pages it sends. */
function forServer(): Plugin {
  return {
    name: 'for-server',
    async generateBundle() {
      type Module = typeof import('./src/store/manifest');
      const { module } = await runnerImport<Module>(resolve('src/store/manifest.ts'));
      const source = `${JSON.stringify(module.manifest, null, 2)}\n`;
      this.emitFile({ type: 'asset', fileName: 'manifest.json', source });
    },
  };
}
