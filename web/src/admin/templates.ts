/** What the admin asks about the texts of messages, each in several languages, and does with them. */

import { keepPreviousData, queryOptions } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../api/client';
import { type Language, languages } from '../texts';

export type Template = Schemas['Template'];
export type TemplateText = Schemas['NewTemplate'];

/** The languages the shop has texts in. */
export const TEMPLATE_LANGUAGES = Object.keys(languages) as Language[];

/** Which language is looked at, as the address has it; else that of the admin. */
export type TemplateSearch = { language?: Language | undefined };

export const templatesQuery = (language: Language) =>
  queryOptions({
    queryKey: ['templates', language],
    queryFn: () =>
      ok(api.GET('/api/v1/notifications/templates', { params: { query: { language } } })),
  });

export const templateQuery = (key: string, language: Language) =>
  queryOptions({
    queryKey: ['template', key, language],
    queryFn: () =>
      ok(
        api.GET('/api/v1/notifications/templates/{key}', {
          params: { path: { key }, query: { language } },
        }),
      ),
  });

/** The text filled with sample data. A text that cannot be filled is a problem that says where. */
export const previewQuery = (key: string, language: Language, text: TemplateText) =>
  queryOptions({
    queryKey: ['template', key, language, 'preview', text],
    queryFn: () =>
      ok(
        api.POST('/api/v1/notifications/templates/{key}/preview', {
          params: { path: { key } },
          body: { language, ...text },
        }),
      ),
    placeholderData: keepPreviousData,
    gcTime: 0,
  });

export const saveTemplate = (key: string, language: Language, body: TemplateText) =>
  ok(
    api.PUT('/api/v1/notifications/templates/{key}', {
      params: { path: { key }, query: { language } },
      body,
    }),
  );

/** Goes back to the built-in text. */
export const restoreTemplate = (key: string, language: Language) =>
  ok(
    api.DELETE('/api/v1/notifications/templates/{key}', {
      params: { path: { key }, query: { language } },
    }),
  );

/** Sends the text with sample data, saved or not, to somebody of the staff. */
export const sendTest = (key: string, language: Language, to: string, text: TemplateText) =>
  ok(
    api.POST('/api/v1/notifications/templates/{key}/test', {
      params: { path: { key } },
      body: { to, language, ...text },
    }),
  );
