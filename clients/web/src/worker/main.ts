// What runs without a page: it keeps the page of customers, and shows notifications.

import "./shell.ts"
import "./pushed.ts"
