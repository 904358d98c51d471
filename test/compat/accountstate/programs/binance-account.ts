import {
  AccountStateStore,
  type EngineOrder,
  type EnginePositionSide,
  type EngineSimplePosition,
} from 'accountkeeper/accountstate';

interface BinancePosition {
  readonly symbol: string;
  readonly positionSide: 'LONG' | 'SHORT' | 'BOTH';
  readonly positionAmount: number;
  readonly entryPrice: number;
  readonly unrealisedPnl: number;
}

interface BinanceAccountUpdate {
  readonly eventType: 'ACCOUNT_UPDATE';
  readonly transactionTime: number;
  readonly updatedBalances: readonly { readonly asset: string; readonly walletBalance: number }[];
  readonly updatedPositions: readonly BinancePosition[];
}

interface BinanceOrderUpdate {
  readonly eventType: 'ORDER_TRADE_UPDATE';
  readonly order: {
    readonly orderId: number;
    readonly clientOrderId: string;
    readonly symbol: string;
    readonly orderSide: EngineOrder['orderSide'];
    readonly orderType: EngineOrder['orderType'];
    readonly orderStatus: string;
    readonly positionSide: 'LONG' | 'SHORT' | 'BOTH';
    readonly originalPrice: number;
    readonly originalQuantity: number;
    readonly accumulatedQuantity: number;
    readonly averagePrice: number;
    readonly orderTradeTime: number;
    readonly isReduceOnly: boolean;
  };
}

/** A bot's view of a Binance futures account in one-way mode, kept up to date by the user data stream. */
export class BinanceAccount {
  readonly state = new AccountStateStore();

  take(event: BinanceAccountUpdate | BinanceOrderUpdate): void {
    if (event.eventType === 'ORDER_TRADE_UPDATE') {
      this.state.upsertActiveOrder(toOrder(event));
      return;
    }
    const usdt = event.updatedBalances.find(({ asset }) => asset === 'USDT');
    if (usdt !== undefined) this.state.setWalletBalance(Number(usdt.walletBalance));
    event.updatedPositions.forEach((position) => {
      const sides: EnginePositionSide[] =
        position.positionSide === 'BOTH' ? ['LONG', 'SHORT'] : [position.positionSide];
      if (position.positionAmount === 0) {
        for (const side of sides) this.state.deleteActivePosition(position.symbol, side);
        return;
      }
      const next = toPosition(position, event.transactionTime);
      this.state.setActivePosition(next.symbol, next.positionSide, next);
    });
  }
}

function toPosition(position: BinancePosition, timestampMs: number): EngineSimplePosition {
  const { symbol, positionAmount, entryPrice, unrealisedPnl } = position;
  const side = position.positionSide !== 'BOTH' ? position.positionSide : positionAmount > 0 ? 'LONG' : 'SHORT';
  const value = positionAmount * entryPrice;
  return {
    symbol,
    timestampMs,
    positionSide: side,
    orderPositionSide: side,
    positionPrice: entryPrice,
    assetQty: positionAmount,
    value,
    valueUpnl: unrealisedPnl,
    liquidationPrice: 0,
    stopLossPrice: undefined,
    takeProfitPrice: undefined,
    marginValue: value,
  };
}

function toOrder({ order }: BinanceOrderUpdate): EngineOrder {
  return {
    exchangeOrderId: order.orderId.toString(),
    customOrderId: order.clientOrderId,
    symbol: order.symbol,
    orderSide: order.orderSide,
    orderType: order.orderType,
    positionSide: order.positionSide === 'BOTH' ? 'NONE' : order.positionSide,
    // The program knows no other spelling, and hands on what it does not know.
    status: (order.orderStatus === 'CANCELED' ? 'CANCELLED' : order.orderStatus) as EngineOrder['status'],
    price: order.originalPrice,
    originalQuantity: order.originalQuantity,
    executedQuantity: order.accumulatedQuantity,
    averagePrice: order.averagePrice,
    createdAtMs: order.orderTradeTime,
    updatedAtMs: order.orderTradeTime,
    isreduceOnly: order.isReduceOnly,
  };
}
