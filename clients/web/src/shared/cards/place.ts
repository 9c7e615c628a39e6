// Where a card stands.

export interface Place {
  conversation: string
  /** Its number; null while it is on its way. */
  seq: number | null
  /** Whether I sent it: its buttons are for the others. */
  mine: boolean
  /** When it was last changed, in milliseconds since 1970 UTC; 0: never. */
  changedAt: number
  tabIndex: 0 | -1
}
