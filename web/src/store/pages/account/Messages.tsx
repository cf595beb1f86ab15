import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../../../api/client';
import { preferencesQuery } from '../../account/queries';
import { FailedPart } from '../../parts/FailedPart';
import { CheckField } from '../../parts/Field';
import { Note } from '../../parts/Note';
import { Skeleton } from '../../parts/Skeleton';
import { useSaid } from '../../problems';
import { useTexts } from '../../texts';
import auth from '../Auth.module.css';
import styles from './Security.module.css';

type Preferences = Schemas['Preferences'];

const CHANNELS = ['email', 'sms', 'push'] as const;
const WISHES = ['order_updates', 'marketing'] as const;

/** What the shop may write to the user; every box counts as soon as it is ticked. */
export function Messages() {
  const { account: texts } = useTexts();
  const said = useSaid();
  const queries = useQueryClient();
  const query = useQuery(preferencesQuery);
  const { data, error } = query;
  const saving = useMutation({
    mutationFn: (body: Preferences) => ok(api.PUT('/api/v1/notifications/preferences', { body })),
    onMutate: (wanted) => queries.setQueryData(preferencesQuery.queryKey, wanted),
    onError: () => queries.invalidateQueries(preferencesQuery),
  });
  if (error && !data) return <FailedPart query={query} />;
  if (!data) return <Skeleton height="18rem" />;
  return (
    <>
      <p className={auth.soft}>{texts.notificationsText}</p>
      {CHANNELS.map((channel) => (
        <fieldset key={channel} className={styles.section}>
          <legend>
            <h2>{texts.channels[channel]}</h2>
          </legend>
          {WISHES.map((wish) => (
            <CheckField
              key={wish}
              label={texts.topics[wish]}
              checked={data[channel]?.[wish] ?? wish === 'order_updates'}
              onChange={(event) =>
                saving.mutate({
                  ...data,
                  [channel]: { ...data[channel], [wish]: event.target.checked },
                })
              }
            />
          ))}
        </fieldset>
      ))}
      <div role="status">
        {saving.isSuccess && <Note kind="good">{texts.saved}</Note>}
        {saving.error && <Note kind="bad">{said(saving.error)}</Note>}
      </div>
    </>
  );
}
