export type { BalanceUpdateEventData } from '../../core/account/balance-report.js';
export type { PositionDepthState, PositionStateSummary } from '../../core/account/math/depth-types.js';
export {
  ENGINE_ORDER_POSITION_SIDE,
  ENGINE_POSITION_SIDE,
  type EngineOrderPositionSide,
  type EnginePositionSide,
  type IncomingPriceEvent,
} from '../../core/account/types/position.js';
export {
  calculateDepthForPosition,
  calculateDepthForPositions,
  calulateDepthSummaryForAllPositions,
  getDepthPercentForAllPositions,
  getUnrealisedPnl,
  getUnrealsedPnlPct,
} from './depth.js';
export { reportBalanceToApi, reportBalanceToServer } from './reporting.js';
export { AccountStateStore } from './store.js';
export type { DepthSummary, EngineOrder, EngineSimplePosition, PositionAgeState, ValueOf } from './types.js';
