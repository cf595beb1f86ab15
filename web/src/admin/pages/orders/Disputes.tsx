import { useFormats } from '../../../format';
import { PlainTable } from '../../parts/PlainTable';
import { StatusBadge } from '../../parts/StatusBadge';
import { disputeTone } from '../../parts/states';
import { useTexts } from '../../texts';
import type { Dispute } from '../../webhooks';

/** What customers had their banks take back, and until when the shop can answer. */
export function Disputes({ disputes }: { disputes: Dispute[] }) {
  const { order: texts, states } = useTexts();
  const format = useFormats();
  const names: Record<string, string> = states.dispute;
  const reasons: Record<string, string> = texts.disputeReasons;
  return (
    <PlainTable
      label={texts.disputes}
      head={[texts.status, texts.amount, texts.disputeReason, texts.disputeDue, texts.reference]}
      right={[1]}
      rows={disputes.map((it) => ({
        key: it.reference,
        cells: [
          <StatusBadge key="status" tone={disputeTone[it.status] ?? 'warn'}>
            {names[it.status] ?? it.status}
          </StatusBadge>,
          format.money(it.amount),
          reasons[it.reason] ?? it.reason,
          it.due_at ? format.time(it.due_at) : '–',
          it.reference,
        ],
      }))}
    />
  );
}
