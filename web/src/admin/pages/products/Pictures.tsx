/** The pictures of a product: dropped or chosen, put in order, described, removed. */

import {
  closestCenter,
  DndContext,
  KeyboardSensor,
  PointerSensor,
  useSensor,
  useSensors,
} from '@dnd-kit/core';
import {
  arrayMove,
  rectSortingStrategy,
  SortableContext,
  sortableKeyboardCoordinates,
  useSortable,
} from '@dnd-kit/sortable';
import { CSS } from '@dnd-kit/utilities';
import {
  ActionIcon,
  Alert,
  Button,
  FileButton,
  List,
  Paper,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { IconGripVertical, IconTrash, IconUpload } from '@tabler/icons-react';
import { useRef, useState } from 'react';

import type { Schemas } from '../../../api/client';
import { picture } from '../../../picture';
import { useExplain } from '../../parts/notice';
import { useAnnouncements } from '../../parts/sorting';
import { UploadProgress } from '../../parts/UploadProgress';
import { useTexts } from '../../texts';
import { upload } from '../../upload';
import type { Picture } from './model';
import styles from './Pictures.module.css';

const TYPES = ['image/jpeg', 'image/png', 'image/webp', 'image/gif'];
const MAX_BYTES = 10 * 1024 * 1024;

type Going = { key: string; name: string; part: number };
type Props = {
  pictures: Picture[];
  /** Is given the newest pictures, as uploads end when they like. */
  set: (change: (now: Picture[]) => Picture[]) => void;
  error: (field: string) => string | undefined;
};

export function Pictures({ pictures, set, error }: Props) {
  const { editor: texts, parts } = useTexts();
  const explain = useExplain();
  const [going, setGoing] = useState<Going[]>([]);
  const [failed, setFailed] = useState<{ key: string; text: string }[]>([]);
  const [over, setOver] = useState(false);
  const count = useRef(0);

  const send = async (file: File) => {
    const key = `${count.current++}`;
    const fail = (why: string) =>
      setFailed((all) => [...all, { key, text: `${file.name}: ${why}` }]);
    if (!TYPES.includes(file.type)) return fail(texts.wrongType);
    if (file.size > MAX_BYTES) return fail(texts.tooBig);
    const progress = (part: number) =>
      setGoing((all) => all.map((it) => (it.key === key ? { ...it, part } : it)));
    setGoing((all) => [...all, { key, name: file.name, part: 0 }]);
    try {
      const { url } = await upload<Schemas['Media']>('/api/v1/media', file, {
        type: file.type,
        progress,
      });
      set((now) => (now.some((it) => it.url === url) ? now : [...now, { url, alt: '' }]));
    } catch (error) {
      fail(explain(error));
    } finally {
      setGoing((all) => all.filter((it) => it.key !== key));
    }
  };
  const sendAll = async (files: Iterable<File>) => {
    setFailed([]);
    // One after the other: they stay in order, and the connection is not shared among them.
    for (const file of files) await send(file);
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the button does the same without a mouse
    <div
      className={styles.zone}
      data-over={over || undefined}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes('Files')) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        if (!event.dataTransfer.types.includes('Files')) return;
        event.preventDefault();
        setOver(false);
        void sendAll([...event.dataTransfer.files]);
      }}
    >
      <Stack gap="sm">
        {pictures.length > 0 && <Sorted pictures={pictures} set={set} error={error} />}
        {going.map((it) => (
          <UploadProgress key={it.key} name={it.name} part={it.part} />
        ))}
        <div role="alert">
          {failed.length > 0 && (
            <Alert
              color="red"
              variant="light"
              title={texts.uploadFailed}
              withCloseButton
              closeButtonLabel={parts.close}
              onClose={() => setFailed([])}
            >
              <List size="sm">
                {failed.map((it) => (
                  <List.Item key={it.key}>{it.text}</List.Item>
                ))}
              </List>
            </Alert>
          )}
        </div>
        <Stack align="center" gap={4} className={styles.drop}>
          <FileButton multiple accept={TYPES.join(',')} onChange={(files) => void sendAll(files)}>
            {(props) => (
              <Button
                {...props}
                variant="default"
                leftSection={<IconUpload size={16} aria-hidden />}
              >
                {texts.uploadImages}
              </Button>
            )}
          </FileButton>
          <Text size="sm" c="dimmed" ta="center">
            {texts.dropHint}
          </Text>
        </Stack>
      </Stack>
    </div>
  );
}

function Sorted({ pictures, set, error }: Props) {
  const { editor: texts } = useTexts();
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const ids = pictures.map((it) => it.url);
  const name = (id: unknown) => {
    const at = ids.indexOf(String(id));
    return pictures[at]?.alt || texts.imageNumber(at + 1);
  };
  const accessibility = useAnnouncements(name, (id) => ids.indexOf(String(id)) + 1, ids.length);
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={closestCenter}
      accessibility={accessibility}
      onDragEnd={({ active, over }) => {
        if (!over || active.id === over.id) return;
        set((now) => {
          const urls = now.map((it) => it.url);
          return arrayMove(now, urls.indexOf(String(active.id)), urls.indexOf(String(over.id)));
        });
      }}
    >
      <SortableContext items={ids} strategy={rectSortingStrategy}>
        <ul className={styles.grid}>
          {pictures.map((it, at) => (
            <Card
              key={it.url}
              shown={it}
              number={at + 1}
              error={error(`images.${at}.alt`) ?? error(`images.${at}.url`)}
              setAlt={(alt) =>
                set((now) => now.map((old) => (old.url === it.url ? { ...old, alt } : old)))
              }
              remove={() => set((now) => now.filter((old) => old.url !== it.url))}
            />
          ))}
        </ul>
      </SortableContext>
    </DndContext>
  );
}

type CardProps = {
  shown: Picture;
  number: number;
  error: string | undefined;
  setAlt: (alt: string) => void;
  remove: () => void;
};

function Card({ shown, number, error, setAlt, remove }: CardProps) {
  const { editor: texts } = useTexts();
  const sortable = useSortable({ id: shown.url });
  const name = shown.alt || texts.imageNumber(number);
  return (
    <Paper
      component="li"
      withBorder
      ref={sortable.setNodeRef}
      className={styles.card}
      data-dragging={sortable.isDragging || undefined}
      style={{
        transform: CSS.Transform.toString(sortable.transform),
        transition: sortable.transition,
      }}
    >
      <div className={styles.frame}>
        <img
          {...picture(shown.url, '220px')}
          alt={shown.alt}
          className={styles.picture}
          loading="lazy"
        />
        <ActionIcon
          {...sortable.attributes}
          {...sortable.listeners}
          ref={sortable.setActivatorNodeRef}
          variant="default"
          size={32}
          className={styles.grip}
          aria-label={texts.moveImage(name)}
        >
          <IconGripVertical size={18} aria-hidden />
        </ActionIcon>
        <ActionIcon
          variant="default"
          size={32}
          className={styles.remove}
          aria-label={texts.removeImage(name)}
          onClick={remove}
        >
          <IconTrash size={18} aria-hidden />
        </ActionIcon>
      </div>
      <TextInput
        label={texts.alt}
        placeholder={texts.altHint}
        size="xs"
        maxLength={510}
        value={shown.alt}
        error={error}
        onChange={(event) => setAlt(event.currentTarget.value)}
      />
    </Paper>
  );
}
