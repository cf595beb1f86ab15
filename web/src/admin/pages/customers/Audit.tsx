import { Button, Skeleton, Text, Timeline } from '@mantine/core';

import { useUser } from '../../../api/useUser';
import { useFormats } from '../../../format';
import { ErrorState } from '../../parts/ErrorState';
import { usePages } from '../../parts/list';
import { Section } from '../../parts/Section';
import { TextLink } from '../../parts/TextLink';
import { useTexts } from '../../texts';
import { type AuditEntry, auditOf, type User } from '../../users';

/** What was done to an account, by whom, newest first. */
export function Audit({ user }: { user: User }) {
  const { customers, parts } = useTexts();
  const list = usePages(['user', user.id, 'audit'], (cursor) => auditOf(user.id, cursor));
  return (
    <Section title={customers.activityLog}>
      {Boolean(list.error) && <ErrorState error={list.error} again={list.again} />}
      {!list.rows && !list.error && <Skeleton h={200} />}
      {list.rows && (
        <Timeline bulletSize={14} lineWidth={2} role="list">
          {list.rows.map((entry) => (
            <Entry key={entry.id} entry={entry} />
          ))}
        </Timeline>
      )}
      {list.more && (
        <Button variant="default" mt="md" loading={list.loadingMore ?? false} onClick={list.more}>
          {parts.showMore}
        </Button>
      )}
    </Section>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  const { customers } = useTexts();
  const format = useFormats();
  const actions: Record<string, string> = customers.actions;
  return (
    <Timeline.Item role="listitem" title={actions[entry.action] ?? entry.action}>
      <Text size="sm">{useWhat(entry)}</Text>
      <Text size="xs" c="dimmed">
        {format.time(entry.at)} · <Actor entry={entry} />
      </Text>
    </Timeline.Item>
  );
}

/** The fields or roles an entry names. */
function useWhat({ details }: AuditEntry): string {
  const { customers, shell } = useTexts();
  const fields: Record<string, string> = customers.fields;
  const roles: Record<string, string> = shell.roles;
  const { fields: changed, roles: given } = details as { fields?: string[]; roles?: string[] };
  if (changed) return changed.map((it) => fields[it] ?? it).join(', ');
  return given?.map((it) => roles[it] ?? it).join(', ') ?? '';
}

function Actor({ entry: { actor, user_id } }: { entry: AuditEntry }) {
  const { customers } = useTexts();
  const me = useUser()?.id;
  if (!actor) return customers.bySystem;
  if (actor === me) return customers.byYou;
  if (actor === user_id) return customers.byOwner;
  return (
    <TextLink size="xs" to="/customers/$id" params={{ id: actor }}>
      {customers.byStaff}
    </TextLink>
  );
}
