// The "+" beside the composer: which card to send.

import { IconButton } from "../../shared/components/Icon.tsx"
import { openDialog, openMenu } from "../../shared/overlays.ts"
import { CardDialog } from "./CardDialog.tsx"
import { FORMS, type FormName } from "./forms.ts"
import { f } from "./texts.ts"

/** Opens a menu of cards to send in a conversation. */
export function AddButton({ id }: { id: string }) {
  const forms = Object.keys(FORMS) as FormName[]
  return (
    <IconButton
      icon="add"
      label={f().add}
      onClick={({ currentTarget }) =>
        openMenu(currentTarget as Element, {
          label: f().add,
          items: forms.map((form) => ({
            label: f().forms[form],
            choose: () => openDialog(() => <CardDialog id={id} form={form} />),
          })),
        })
      }
    />
  )
}
