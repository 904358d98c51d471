/** Subclasses as somebody may have written them: each makes one of a class. The first is the class itself. */
export const SUBCLASSES = [
  (Store) => Store,
  (Store) =>
    class Filtered extends Store {
      getOrders() {
        return super.getOrders().filter(({ symbol }) => symbol !== 'ETHUSDT');
      }

      getAllPositions() {
        return super.getAllPositions().filter(({ symbol }) => symbol !== 'ETHUSDT');
      }
    },
  (Store) =>
    class Scaled extends Store {
      getWalletBalance() {
        return super.getWalletBalance() * 2;
      }

      getSymbolLeverage(symbol) {
        return super.getSymbolLeverage(symbol) ?? 1;
      }
    },
  (Store) =>
    class Lazy extends Store {
      getSymbolMetadata(symbol) {
        return super.getSymbolMetadata(symbol) ?? this.setSymbolMetadata(symbol, { leaderId: 'none' });
      }
    },
  (Store) =>
    class Renamed extends Store {
      getActivePosition(symbol, side) {
        return super.getActivePosition(symbol === 'XRPUSDT' ? 'SOLUSDT' : symbol, side);
      }
    },
];
