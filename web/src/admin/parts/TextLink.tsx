import { Anchor, type AnchorProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { ComponentProps } from 'react';

/** A link to another page of the admin, in a text. */
export const TextLink = createLink(function Text(
  props: AnchorProps & Omit<ComponentProps<'a'>, keyof AnchorProps>,
) {
  return <Anchor size="sm" {...props} />;
});
