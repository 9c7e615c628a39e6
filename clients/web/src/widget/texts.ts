// The texts of the widget.

import { texts } from "../shared/i18n/index.ts"

export const t = texts(
  {
    title: "Chat with the shop",
    conversations: "All chats",
    close: "Close the chat",
    begin: "Write to the shop",
  },
  {
    title: "与门店聊天",
    conversations: "全部聊天",
    close: "关闭聊天",
    begin: "联系门店",
  },
)
