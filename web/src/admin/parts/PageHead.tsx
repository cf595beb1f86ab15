import { Anchor, Breadcrumbs, Group, Text, Title } from '@mantine/core';
import { Link, type LinkProps } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';

import { shop } from '../../shop';
import { useTexts } from '../texts';

type Props = {
  title: string;
  /** What is above the page, from the top. */
  above?: { name: string; to: LinkProps['to'] }[];
  /** Beside the title, such as a status. */
  badge?: ReactNode;
  actions?: ReactNode;
};

/** A page's title, where it is among the pages, and what can be done on it. Names the document too. */
export function PageHead({ title, above, badge, actions }: Props) {
  const { parts, shell } = useTexts();
  useEffect(() => {
    document.title = shell.title(title, shop.name);
  }, [shell, title]);
  return (
    <header>
      {above && (
        <Breadcrumbs component="nav" aria-label={parts.breadcrumbs} separatorMargin={6} mb={4}>
          {above.map(({ name, to }) => (
            <Anchor key={name} size="sm" renderRoot={(props) => <Link to={to} {...props} />}>
              {name}
            </Anchor>
          ))}
          <Text size="sm" c="dimmed" truncate maw="20rem">
            {title}
          </Text>
        </Breadcrumbs>
      )}
      <Group justify="space-between" gap="sm" mb="lg" mih={36}>
        <Group gap="sm">
          <Title order={1} size="h2" style={{ overflowWrap: 'anywhere' }}>
            {title}
          </Title>
          {badge}
        </Group>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
    </header>
  );
}
