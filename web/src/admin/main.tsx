import '@mantine/core/styles.css';
import '@mantine/charts/styles.css';
import '@mantine/dates/styles.css';
import '@mantine/notifications/styles.css';
import '@mantine/spotlight/styles.css';
import './base.css';

import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { queryClient } from '../queries';
import { preferred, TextsProvider } from '../texts';
import { ConfirmProvider } from './parts/confirm';
import { router } from './router';
import { load } from './texts';
import { colorScheme, theme, variables } from './theme';

const language = preferred();
const queries = queryClient();
const pages = router(queries);
const texts = await load(language);
const root = document.getElementById('root');
if (!root) throw new Error('the page has no element for the admin');

createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      colorSchemeManager={colorScheme}
      defaultColorScheme="auto"
    >
      <Notifications position="top-center" />
      <QueryClientProvider client={queries}>
        <TextsProvider first={{ language, texts }} load={load}>
          <ConfirmProvider>
            <RouterProvider router={pages} />
          </ConfirmProvider>
        </TextsProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
