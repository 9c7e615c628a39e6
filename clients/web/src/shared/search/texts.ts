// The texts of searching.

import { texts } from "../i18n/index.ts"

const several = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`

export const s = texts(
  {
    title: "Search",
    inConversation: "Search in this conversation",
    placeholder: "Search messages and people",
    clear: "Clear the search",
    filter: "What to look for",
    filters: {
      all: "All",
      pictures: "Pictures",
      files: "Files",
      links: "Links",
      cards: "Cards",
    },
    conversations: "Conversations",
    people: "People",
    messages: "Messages",
    searching: "Searching…",
    found: (count: number) => several(count, "result", "results"),
    foundMore: (count: number) => `The latest ${several(count, "result", "results")}`,
    nothing: "Nothing found. Try another word.",
    hint: "Type a word, or choose what to look for.",
    failed: "The search did not work. Please try again.",
    said: (name: string) => `${name}: `,
  },
  {
    title: "搜索",
    inConversation: "在此会话中搜索",
    placeholder: "搜索消息和联系人",
    clear: "清除搜索",
    filter: "搜索范围",
    filters: {
      all: "全部",
      pictures: "图片",
      files: "文件",
      links: "链接",
      cards: "卡片",
    },
    conversations: "会话",
    people: "联系人",
    messages: "消息",
    searching: "搜索中…",
    found: (count) => `${count} 条结果`,
    foundMore: (count) => `最近 ${count} 条结果`,
    nothing: "没有找到，换个词试试。",
    hint: "输入关键词，或选择搜索范围。",
    failed: "搜索没有成功，请重试。",
    said: (name) => `${name}：`,
  },
)
