import './base.css';

import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { queryClient } from '../queries';
import { preferred, TextsProvider } from '../texts';
import { router } from './router';
import { load } from './texts';

const language = preferred();
const queries = queryClient();
const texts = await load(language);
const root = document.getElementById('root');
if (!root) throw new Error('the page has no element for the shop');

// A page that the browser has kept shows again what there was then.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) void queries.invalidateQueries();
});

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <TextsProvider first={{ language, texts }} load={load}>
        <RouterProvider router={router(queries)} />
      </TextsProvider>
    </QueryClientProvider>
  </StrictMode>,
);
