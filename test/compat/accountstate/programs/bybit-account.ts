import { AccountStateStore, type EngineOrder, type EngineSimplePosition } from 'accountkeeper/accountstate';

interface BybitPosition {
  readonly symbol: string;
  readonly side: 'Buy' | 'Sell' | '';
  readonly size: string;
  readonly entryPrice: string;
  readonly positionValue: string;
  readonly positionBalance: string;
  readonly unrealisedPnl: string;
  readonly liqPrice: string;
  readonly stopLoss?: string;
  readonly takeProfit?: string;
}

interface BybitOrder {
  readonly orderId: string;
  readonly orderLinkId: string;
  readonly symbol: string;
  readonly side: 'Buy' | 'Sell';
  readonly orderType: 'Market' | 'Limit';
  readonly orderStatus: string;
  readonly price: string;
  readonly qty: string;
  readonly cumExecQty: string;
  readonly avgPrice: string;
  readonly createdTime: string;
  readonly updatedTime: string;
  readonly reduceOnly: boolean;
}

export interface BybitSnapshot {
  readonly usdt: string;
  readonly positions: readonly BybitPosition[];
  readonly orders: readonly BybitOrder[];
}

export interface BybitUpdate {
  readonly topic: string;
  readonly data: readonly unknown[];
}

/** A bot's view of a Bybit account: emptied and filled again from REST, then kept up to date by the stream. */
export class BybitAccount {
  readonly state: AccountStateStore = new AccountStateStore();

  takeSnapshot({ usdt, positions, orders }: BybitSnapshot): void {
    this.state.getAllPositions().forEach((position) => {
      this.state.deleteActivePosition(position.symbol, position.positionSide);
    });
    this.state.clearAllOrders();
    this.state.setWalletBalance(Number(usdt));
    for (const position of positions) if (Number(position.size) !== 0) this.takePosition(position);
    for (const order of orders) this.state.upsertActiveOrder(toOrder(order));
  }

  takeUpdate({ topic, data }: BybitUpdate): void {
    if (topic.startsWith('position')) for (const position of data) this.takePosition(position as BybitPosition);
    if (topic.startsWith('order')) for (const order of data) this.state.upsertActiveOrder(toOrder(order as BybitOrder));
  }

  /** What the bot logs. */
  lines(startingBalance: number): string[] {
    const { activePositions, activePositionUpnlSum } = this.state.getSessionSummary(startingBalance);
    return [
      `balance ${this.state.getWalletBalance()}, profit ${activePositionUpnlSum.toFixed(2)}`,
      ...activePositions.map((each) => `${each.symbol} ${each.positionSide} ${each.assetQty} @ ${each.positionPrice}`),
      ...this.state
        .getOrdersSortedByPrice()
        .map((each) => `${each.orderSide} ${each.originalQuantity - each.executedQuantity} @ ${each.price}`),
    ];
  }

  private takePosition(position: BybitPosition): void {
    const side = position.side === 'Buy' ? 'LONG' : 'SHORT';
    if (position.side === '' || Number(position.size) === 0) {
      this.state.deleteActivePosition(position.symbol, side);
      return;
    }
    const next: EngineSimplePosition = {
      symbol: position.symbol,
      timestampMs: Date.now(),
      positionSide: side,
      orderPositionSide: side,
      positionPrice: Number(position.entryPrice),
      assetQty: Number(position.size),
      value: Number(position.positionValue),
      valueUpnl: Number(position.unrealisedPnl),
      marginValue: Number(position.positionBalance),
      liquidationPrice: Number(position.liqPrice || 0),
      stopLossPrice: Number(position.stopLoss || 0),
      takeProfitPrice: Number(position.takeProfit || 0),
    };
    this.state.setActivePosition(position.symbol, side, next);
  }
}

function toOrder(order: BybitOrder): EngineOrder {
  return {
    exchangeOrderId: order.orderId,
    customOrderId: order.orderLinkId,
    symbol: order.symbol,
    orderSide: order.side === 'Buy' ? 'BUY' : 'SELL',
    positionSide: order.side === 'Buy' ? 'LONG' : 'SHORT',
    orderType: order.orderType === 'Market' ? 'MARKET' : 'LIMIT',
    status: toStatus(order.orderStatus),
    price: Number(order.price),
    originalQuantity: Number(order.qty),
    executedQuantity: Number(order.cumExecQty),
    averagePrice: Number(order.avgPrice),
    createdAtMs: Number(order.createdTime),
    updatedAtMs: Number(order.updatedTime),
    isreduceOnly: order.reduceOnly,
  };
}

function toStatus(status: string): EngineOrder['status'] {
  if (status === 'New' || status === 'Untriggered' || status === 'Triggered') return 'NEW';
  if (status === 'PartiallyFilled') return 'PARTIALLY_FILLED';
  return status === 'Filled' ? 'FILLED' : 'CANCELLED';
}
