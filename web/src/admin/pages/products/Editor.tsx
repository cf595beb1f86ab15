/** A product, new or not: everything about it in one form. */

import { Button, Grid, Group, Paper, Skeleton, Stack, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useHotkeys } from '@mantine/hooks';
import { IconExternalLink } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { type ReactNode, useEffect, useId, useRef, useState } from 'react';

import { api, ok } from '../../../api/client';
import { isProblem } from '../../../api/problem';
import { useFormats } from '../../../format';
import { changedTo, type Product, productById, stockOf } from '../../catalog';
import { useConfirm } from '../../parts/confirm';
import { RouteFailed } from '../../parts/ErrorState';
import { useNotice } from '../../parts/notice';
import { PageHead } from '../../parts/PageHead';
import { StatusBadge } from '../../parts/StatusBadge';
import { useLeaveGuard } from '../../parts/useLeaveGuard';
import { useTexts } from '../../texts';
import { Details } from './Details';
import styles from './Editor.module.css';
import { bodyOf, changes, nothing, place, type Values, valuesOf } from './model';
import { Options } from './Options';
import { Organization } from './Organization';
import { Pictures } from './Pictures';
import { Seo } from './Seo';
import { Variants } from './Variants';

export function NewProduct() {
  return <Editor />;
}

export function EditProduct() {
  const { id } = useParams({ from: '/inside/products/$id' });
  const query = useQuery({ ...productById(id), staleTime: 0 });
  if (query.error && !query.data) {
    return <RouteFailed error={query.error} reset={() => void query.refetch()} />;
  }
  if (!query.data) return <Waiting />;
  return <Editor key={id} product={query.data} />;
}

function Editor({ product: first }: { product?: Product }) {
  const { shell, editor: texts, parts, products, inventory } = useTexts();
  const formats = useFormats();
  const notice = useNotice();
  const confirm = useConfirm();
  const navigate = useNavigate();
  const queries = useQueryClient();
  // What was read when the form was filled; what the query holds may be newer.
  const [product, setProduct] = useState(first);
  const [before, setBefore] = useState(() => (first ? valuesOf(first) : nothing));
  const form = useForm<Values>({
    initialValues: before,
    validate: {
      title: (it) => (it.trim() ? null : texts.titleMissing),
      options: {
        name: (it, values, path) => {
          const option = values.options[Number(path.split('.')[1])];
          return it.trim() === '' && option?.values.length ? texts.optionNameMissing : null;
        },
      },
      variants: {
        price: (it, values, path) => {
          const row = values.variants[Number(path.split('.')[1])];
          return it === null && !row?.off ? texts.priceMissing : null;
        },
      },
    },
  });
  const stock = useQuery(stockOf(product));
  const dirty = JSON.stringify(bodyOf(form.values)) !== JSON.stringify(bodyOf(before));
  const saved = useRef(false);
  useLeaveGuard(() => dirty && !saved.current);

  const take = (now: Product) => {
    queries.setQueryData(productById(now.id).queryKey, now);
    const values = valuesOf(now);
    setProduct(now);
    setBefore(values);
    form.setInitialValues(values);
    form.setValues(values);
    form.clearErrors();
  };

  /** The product as it is now, if somebody has changed it since it was read. */
  const newer = async (): Promise<Product | undefined> => {
    if (!product) return;
    const now = await queries.fetchQuery({ ...productById(product.id), staleTime: 0 });
    return now.version === product.version ? undefined : now;
  };

  const save = useMutation({
    mutationFn: async (values: Values) => {
      if (!product) return await ok(api.POST('/api/v1/products', { body: bodyOf(values) }));
      const theirs = await newer();
      if (theirs) {
        const mine = await confirm({
          title: texts.conflictTitle,
          text: texts.conflictText(formats.time(theirs.updated_at)),
          yes: texts.saveMine,
          no: texts.loadLatest,
        });
        if (!mine) return theirs;
      }
      const params = { path: { id: product.id } };
      return await ok(
        api.PATCH('/api/v1/products/{id}', { params, body: changes(before, values) }),
      );
    },
    onSuccess: async (now) => {
      notice.done(parts.saved);
      saved.current = !product;
      take(now);
      void queries.invalidateQueries({ queryKey: ['products', 'list'] });
      void queries.invalidateQueries({ queryKey: ['inventory'] });
      if (!product) await navigate({ to: '/products/$id', params: { id: now.id }, replace: true });
    },
    onError: (error) => {
      notice.failed(error, {
        setErrors: (fields) =>
          form.setErrors(
            Object.fromEntries(
              Object.entries(fields).map(([field, why]) => [
                place(field, form.values.variants),
                why,
              ]),
            ),
          ),
      });
      const now = changedTo(error);
      if (isProblem(error) && now !== undefined) {
        // Saved once more, the figure is meant all the same.
        const at = form.values.variants.findIndex((it) => it.sku === error.body.sku);
        if (at < 0) return;
        const seen = formats.number(form.values.variants[at]?.expected ?? now);
        form.setFieldValue(`variants.${at}.expected`, now);
        form.setFieldError(
          `variants.${at}.on_hand`,
          `${inventory.changedMeanwhile(formats.number(now), seen)} ${texts.saveAnyway}`,
        );
        void queries.invalidateQueries({ queryKey: ['inventory'] });
      }
      if (isProblem(error, 'slug_taken')) form.setFieldError('slug', texts.slugTaken);
      if (isProblem(error, 'sku_taken')) {
        const at = form.values.variants.findIndex((it) => it.sku === error.body.sku);
        if (at >= 0) form.setFieldError(`variants.${at}.sku`, texts.skuTaken);
      }
    },
  });

  const remove = useMutation({
    mutationFn: async () => {
      if (!product) return;
      await ok(api.DELETE('/api/v1/products/{id}', { params: { path: { id: product.id } } }));
    },
    onSuccess: async () => {
      saved.current = true;
      notice.done(products.bulkDone.delete(1));
      await navigate({ to: '/products' });
      await queries.invalidateQueries({ queryKey: ['products'] });
    },
    onError: (error) => notice.failed(error),
  });

  const submit = form.onSubmit(
    (values) => save.mutate(values),
    () => notice.check(),
  );
  const formElement = useRef<HTMLFormElement>(null);
  useHotkeys([['mod+S', () => formElement.current?.requestSubmit()]], []);
  const wrong = Object.keys(form.errors).length > 0;
  useEffect(() => {
    if (!wrong || save.isPending) return;
    formElement.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [wrong, save.isPending]);

  const error = (field: string) => {
    const it = form.errors[field];
    return typeof it === 'string' ? it : undefined;
  };
  const { values } = form;

  return (
    <form ref={formElement} noValidate onSubmit={submit}>
      <PageHead
        title={product?.title ?? shell.newProduct}
        above={[{ name: shell.products, to: '/products' }]}
        badge={
          product && (
            <StatusBadge
              tone={{ active: 'good', draft: 'busy', archived: 'quiet' }[product.status] as 'good'}
            >
              {texts.statuses[product.status]}
            </StatusBadge>
          )
        }
        actions={
          product && (
            <>
              {product.status === 'active' && (
                <Button
                  component="a"
                  href={`/products/${product.slug}`}
                  variant="default"
                  leftSection={<IconExternalLink size={16} aria-hidden />}
                >
                  {texts.view}
                </Button>
              )}
              <Button
                variant="default"
                c="var(--mantine-color-error)"
                loading={remove.isPending}
                onClick={async () => {
                  const sure = await confirm({
                    title: products.deleteTitle(1),
                    text: products.deleteText,
                    yes: parts.delete,
                    danger: true,
                  });
                  if (sure) remove.mutate();
                }}
              >
                {parts.delete}
              </Button>
            </>
          )
        }
      />
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, lg: 8 }}>
          <Stack gap="lg">
            <Section title={texts.details}>
              <Details form={form} />
            </Section>
            <Section title={texts.images}>
              <Pictures
                pictures={values.images}
                error={error}
                set={(change) => form.setFieldValue('images', change)}
              />
            </Section>
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 4 }}>
          <Stack gap="lg">
            <Section title={texts.organization}>
              <Organization form={form} />
            </Section>
            <Section title={texts.seo}>
              <Seo form={form} />
            </Section>
          </Stack>
        </Grid.Col>
        <Grid.Col span={12}>
          <Section title={texts.variants}>
            <Options
              options={values.options}
              rows={values.variants}
              error={error}
              set={(options, variants) => form.setValues({ options, variants })}
            />
            <Variants
              values={values}
              setRows={(rows) => form.setFieldValue('variants', rows)}
              error={error}
              stock={stock.data}
            />
          </Section>
        </Grid.Col>
      </Grid>
      <div className={styles.bar}>
        <Group justify="flex-end" gap="sm">
          <span role="status" className={styles.told}>
            {dirty ? texts.unsaved : ''}
          </span>
          {product && (
            <Button
              variant="default"
              disabled={!dirty || save.isPending}
              onClick={() => {
                form.setValues(before);
                form.clearErrors();
              }}
            >
              {texts.discard}
            </Button>
          )}
          <Button type="submit" loading={save.isPending} disabled={product !== undefined && !dirty}>
            {parts.save}
          </Button>
        </Group>
      </div>
    </form>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <Paper component="section" withBorder p="md" aria-labelledby={id}>
      <Title order={2} size="h4" mb="sm" id={id}>
        {title}
      </Title>
      <Stack gap="md">{children}</Stack>
    </Paper>
  );
}

function Waiting() {
  const { shell, parts } = useTexts();
  return (
    <div role="status" aria-label={parts.loading}>
      <PageHead title={shell.product} above={[{ name: shell.products, to: '/products' }]} />
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, lg: 8 }}>
          <Stack gap="lg">
            <Skeleton h={420} />
            <Skeleton h={320} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 4 }}>
          <Skeleton h={420} />
        </Grid.Col>
      </Grid>
    </div>
  );
}
