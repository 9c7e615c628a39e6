// The texts of reporting a message.

import { texts } from "../i18n/index.ts"

export const r = texts(
  {
    title: "Report this message",
    why: "What is wrong with it?",
    reasons: {
      spam: "Advertising or spam",
      abuse: "Insults or harassment",
      fraud: "Fraud",
      sexual: "Sexual content",
      illegal: "Something illegal",
      other: "Something else",
    },
    note: "More about it (optional)",
    hint: "Only those who look after this conversation see the report.",
    send: "Report",
    thanks: "Thank you. We will look at it.",
  },
  {
    title: "举报这条消息",
    why: "有什么问题？",
    reasons: {
      spam: "广告或骚扰信息",
      abuse: "辱骂或骚扰",
      fraud: "诈骗",
      sexual: "色情内容",
      illegal: "违法内容",
      other: "其他问题",
    },
    note: "补充说明（选填）",
    hint: "只有管理此会话的人会看到举报。",
    send: "举报",
    thanks: "谢谢，我们会尽快处理。",
  },
)
