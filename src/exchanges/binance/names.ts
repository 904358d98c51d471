/** Fields by one name, and what the stream, the `binance` SDK's beautifier and REST call them: `name:source,source`. */
type Names = Readonly<Record<string, readonly string[]>>;

/** What is around the entries of the stream. */
export const EVENT: Names = namesOf(`name:e,eventType market:wsMarket eventTime:E time:T,transactionTime symbol:s
  id:i,orderId config:ac,assetConfiguration account:a,updateData positions:P,updatedPositions balances:B,updatedBalances
  order:o,or,so,ao,algoOrder markPrice:p lastPrice:c,currentClose,close`);

/** What is in the lists of positions, balances and settings. */
export const ENTRY: Names = namesOf(`symbol:s positionSide:ps amount:pa,positionAmount,positionAmt entryPrice:ep
  leverage:l profit:up,unrealisedPnl,unrealizedProfit,unRealizedProfit initialMargin:positionInitialMargin
  notional:notionalValue marginType:mt isolatedWallet:iw,isolatedWalletAmount liquidationPrice updateTime asset:a
  balance:wb,walletBalance um:umWalletBalance,crossWalletBalance cm:cmWalletBalance`);

const ANY_ORDER = `symbol:s side:S,orderSide positionSide:ps timeInForce:f quantity:q,originalQuantity,origQty
  price:p,originalPrice reduceOnly:R,isReduceOnly closePosition:cp,isCloseAll
  activatePrice:AP,trailingStopActivationPrice`;

/** By the space that the order's id is in. `ai`, to the beautifier `orderId`, is what an algo order became. */
export const ORDER: Readonly<Record<'order' | 'algo' | 'strategy', Names>> = {
  order: namesOf(`${ANY_ORDER} id:i,orderId clientId:c,clientOrderId type:o,orderType status:X,orderStatus
    cause:x,executionType triggerPrice:sp,stopPrice executed:z,orderFilledAccumulatedQuantity,executedQty
    averagePrice:ap,avgPrice createdAt:time updatedAt:T,orderTradeTime,updateTime`),
  algo: namesOf(`${ANY_ORDER} id:aid,algoId clientId:caid,clientAlgoId type:o,orderType status:X,algoStatus
    cause:X,algoStatus triggerPrice:tp activatePrice:AP,activatePrice,tp,triggerPrice
    createdAt:createTime updatedAt:updateTime`),
  strategy: namesOf(`${ANY_ORDER} id:si,strategyId clientId:c,clientOrderId,newClientStrategyId type:st,strategyType
    status:os,strategyOrderStatus,strategyStatus triggerPrice:sp,stopPrice
    createdAt:T,orderTradeTime,bookTime updatedAt:ut,orderUpdateTime,updateTime`),
};

function namesOf(text: string): Names {
  const fields = (text.match(/\S+/g) ?? []).map((field) => field.split(':'));
  return Object.fromEntries(fields.map(([name = '', sources]) => [name, [...(sources?.split(',') ?? []), name]]));
}
