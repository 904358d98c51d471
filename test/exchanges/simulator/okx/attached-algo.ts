import type { OrderView } from '../order.js';
import { rows, text } from './params.js';
import { type Row, sorted } from './row.js';

const TAG = 'attachAlgoOrds';

/** Notes what was attached to an order in its tags. */
export function attachedTag(params: Row): Readonly<Record<string, string>> {
  const attached = rows(params[TAG]);
  return attached.length === 0 ? {} : { [TAG]: JSON.stringify(attached) };
}

/** The algo orders that OKX places once an order is filled. */
export function attachedTo(order: OrderView): readonly Row[] {
  const attached: unknown = JSON.parse(order.tags[TAG] ?? '[]');
  return rows(attached).map((params, number) => sorted(rowOf(params, `${order.id}${number}`)));
}

function rowOf(params: Row, attachAlgoId: string): Row {
  const isTp = text(params, 'tpTriggerPx') !== '';
  const isSl = text(params, 'slTriggerPx') !== '';
  return {
    amendPxOnTriggerType: '0',
    attachAlgoClOrdId: text(params, 'attachAlgoClOrdId'),
    attachAlgoId,
    failCode: '',
    failReason: '',
    slOrdPx: text(params, 'slOrdPx'),
    slTriggerPx: text(params, 'slTriggerPx'),
    slTriggerPxType: isSl ? text(params, 'slTriggerPxType') || 'last' : '',
    slTriggerRatio: '',
    sz: text(params, 'sz'),
    tpOrdKind: isTp ? 'condition' : '',
    tpOrdPx: text(params, 'tpOrdPx'),
    tpTriggerPx: text(params, 'tpTriggerPx'),
    tpTriggerPxType: isTp ? text(params, 'tpTriggerPxType') || 'last' : '',
    tpTriggerRatio: '',
  };
}
