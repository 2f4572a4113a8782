"""The dialogs of one agent's phone: learned from what FCC sends, and from nothing else.

A phone's INVITE that was permitted is no dialog until FCC answers it with a tag; FCC's own INVITE is none until the
phone answers that one. So whoever names a Call-ID and both tags of a dialog that is known here speaks in a call that
FCC knows too, and FCC has said where it wants to be asked in it.
Source: RFC 3261, sections 12.1 (what makes a dialog), 12.2 (its remote target), 13.2.2.4 and 15.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cti.domain.sip_dialog import Dialog, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cti.clock import Clock

MOST = 64
"""So many dialogs of one agent are remembered; the oldest that are not up go first."""
MOST_TARGETS = 4
MOST_REPEATS = 3
"""So often an INVITE may be repeated with credentials; a nonce that has run out takes two."""
KEPT = {
    Stage.ASKED: timedelta(hours=1),
    Stage.OFFERED: timedelta(hours=1),
    Stage.EARLY: timedelta(hours=1),
    Stage.CONFIRMED: timedelta(hours=24),
    # Twice the time in which the last messages of a dialog may be repeated (RFC 3261, 64 x T1).
    Stage.OVER: timedelta(seconds=64),
}
"""For so long a dialog is remembered when nothing more is heard of it."""
_FORGOTTEN_FIRST = (Stage.OVER, Stage.OFFERED, Stage.ASKED, Stage.EARLY, Stage.CONFIRMED)

Id = tuple[str, str, str]


class DialogBook:
    """The dialogs of one agent's phone, whatever sockets it has or had; safe to share between threads.

    `changed` is told every dialog that is to be stored as it is now, and every one that is over; it must not wait.
    """

    def __init__(self, clock: Clock, changed: Callable[[Dialog], None]) -> None:
        self._clock = clock
        self._changed = changed
        self._lock = threading.Lock()
        self._known: OrderedDict[Id, Dialog] = OrderedDict()
        self._challenged: OrderedDict[tuple[str, str], tuple[bool, int]] = OrderedDict()
        self._carriers: dict[Id, object] = {}

    def remember(self, dialogs: Iterable[Dialog]) -> None:
        """Take in what was stored, as far as nothing newer is known."""
        with self._lock:
            for dialog in dialogs:
                self._known.setdefault(dialog.id, dialog)
            self._forget_old()

    # What is known

    def find(self, call_id: str, local_tag: str, remote_tag: str) -> Dialog | None:
        """The dialog with that Call-ID and both tags, also for a while after its end."""
        with self._lock:
            found = self._known.get((call_id, local_tag, remote_tag))
            return None if found is None or self._too_old(found) else found

    def asked(self, call_id: str, local_tag: str) -> Dialog | None:
        """The phone's own INVITE of that Call-ID and tag that was permitted."""
        return self.find(call_id, local_tag, "")

    def offered(self, call_id: str, remote_tag: str) -> Dialog | None:
        """FCC's INVITE of that Call-ID and tag."""
        return self.find(call_id, "", remote_tag)

    def own(self, call_id: str, one_tag: str, other_tag: str) -> Dialog | None:
        """The call of this agent's that is up and has that Call-ID and those tags, in either order."""
        found = self.find(call_id, one_tag, other_tag) or self.find(call_id, other_tag, one_tag)
        return found if found is not None and found.stage is Stage.CONFIRMED else None

    def up_on(self, carrier: object) -> bool:
        """Whether a call is up that `carrier` carries, or that nobody has carried since the dialogs were loaded."""
        with self._lock:
            return any(
                dialog.stage is Stage.CONFIRMED and self._carriers.get(id_, carrier) is carrier
                for id_, dialog in self._known.items()
                if not self._too_old(dialog)
            )

    def carried(self, dialog: Dialog, carrier: object) -> None:
        """`carrier` has a message of that dialog."""
        with self._lock:
            self._carriers[dialog.id] = carrier

    # What the phone does

    def ask(self, call_id: str, local_tag: str, *, local: str, target: str) -> None:
        """The phone's INVITE to `target` was permitted and goes out."""
        with self._lock:
            known = self._known.get((call_id, local_tag, ""))
            targets = () if known is None or known.stage is Stage.OVER else known.targets
            if target not in targets:
                targets = (*targets, target)[-MOST_TARGETS:]
            self._put(Dialog(call_id, local_tag, "", Stage.ASKED, local, targets, (), "", self._clock.now()))

    def accept(self, call_id: str, local_tag: str, remote_tag: str, *, confirmed: bool) -> None:
        """The phone answers FCC's INVITE, finally or not, with a tag of its own."""
        with self._lock:
            offer = self._known.get((call_id, "", remote_tag))
            if offer is None or offer.stage is not Stage.OFFERED:
                return
            known = self._known.get((call_id, local_tag, remote_tag))
            if known is not None and known.stage in {Stage.CONFIRMED, Stage.OVER}:
                return
            stage = Stage.CONFIRMED if confirmed else Stage.EARLY
            self._put(replace(offer, local_tag=local_tag, stage=stage, at=self._clock.now()))

    def take_challenge(self, call_id: str, local_tag: str) -> bool:
        """Whether FCC asked for credentials for an INVITE of that Call-ID and tag: true once, and not without end.

        Wrong credentials are asked for anew each time, and whoever sends them on purpose would ask FCC as often as
        they like.
        """
        with self._lock:
            asked, taken = self._challenged.get((call_id, local_tag), (False, 0))
            if not asked or taken >= MOST_REPEATS:
                return False
            self._challenged[call_id, local_tag] = (False, taken + 1)
            return True

    # What FCC does

    def offer(
        self, call_id: str, remote_tag: str, *, local: str, target: str, routes: tuple[str, ...], via: str
    ) -> None:
        """FCC calls the phone, to be answered with `via`."""
        with self._lock:
            if (call_id, "", remote_tag) in self._known:
                return
            targets = (target,) if target else ()
            now = self._clock.now()
            self._put(Dialog(call_id, "", remote_tag, Stage.OFFERED, local, targets, routes, via, now))

    def answer(
        self, call_id: str, local_tag: str, remote_tag: str, *, target: str, routes: tuple[str, ...], confirmed: bool
    ) -> None:
        """FCC answers the phone's INVITE with a tag of its own; in a dialog that is up it may name a new `target`."""
        with self._lock:
            known = self._known.get((call_id, local_tag, remote_tag))
            if known is not None and known.stage is Stage.CONFIRMED:
                self._move(known, target)
                return
            asked = self._known.get((call_id, local_tag, ""))
            if asked is None or asked.stage is not Stage.ASKED or (known is not None and known.stage is Stage.OVER):
                return
            stage = Stage.CONFIRMED if confirmed else Stage.EARLY
            targets = () if known is None else known.targets
            if target and target not in targets[-1:]:
                targets = (*targets, target)[-MOST_TARGETS:]
            # An answer without a Contact leaves nowhere else to go.
            targets = targets or asked.targets[-1:]
            now = self._clock.now()
            made = Dialog(call_id, local_tag, remote_tag, stage, asked.local, targets, routes, "", now)
            if known is None or replace(known, at=now) != made:
                self._put(made)

    def challenge(self, call_id: str, local_tag: str) -> None:
        """FCC asks for credentials for the phone's INVITE, which is then repeated."""
        with self._lock:
            taken = self._challenged.pop((call_id, local_tag), (False, 0))[1]
            self._challenged[call_id, local_tag] = (True, taken)
            while len(self._challenged) > MOST:
                self._challenged.popitem(last=False)

    def refuse(self, call_id: str, local_tag: str, remote_tag: str) -> None:
        """FCC refuses the phone's INVITE for good; a refused change of a call that is up changes nothing."""
        with self._lock:
            known = self._known.get((call_id, local_tag, remote_tag))
            if known is not None and known.stage is Stage.CONFIRMED:
                return
            for dialog in list(self._known.values()):
                if dialog.id[:2] == (call_id, local_tag) and dialog.stage in {Stage.ASKED, Stage.EARLY}:
                    self._over(dialog)

    def move(self, call_id: str, local_tag: str, remote_tag: str, target: str) -> None:
        """FCC wants to be asked at `target` from now on. Source: RFC 3261, section 12.2.1.2; RFC 3311, section 5.1."""
        with self._lock:
            known = self._known.get((call_id, local_tag, remote_tag))
            if known is not None and known.stage in {Stage.EARLY, Stage.CONFIRMED}:
                self._move(known, target)

    # What either does

    def end(self, call_id: str, local_tag: str, remote_tag: str) -> None:
        """A BYE in that dialog; what it came from makes no dialog any more."""
        with self._lock:
            if (call_id, local_tag, remote_tag) in self._known:
                for tags in ((local_tag, remote_tag), (local_tag, ""), ("", remote_tag)):
                    known = self._known.get((call_id, *tags))
                    if known is not None:
                        self._over(known)

    def withdraw(self, call_id: str, remote_tag: str) -> None:
        """FCC's INVITE comes to nothing: FCC withdrew it or the phone refused it."""
        with self._lock:
            for dialog in list(self._known.values()):
                if (dialog.call_id, dialog.remote_tag) == (call_id, remote_tag) and dialog.stage in {
                    Stage.OFFERED,
                    Stage.EARLY,
                }:
                    self._over(dialog)

    def _move(self, known: Dialog, target: str) -> None:
        if target and target != known.target:
            others = tuple(one for one in known.targets if one != target)
            self._put(replace(known, targets=(*others, target)[-MOST_TARGETS:], at=self._clock.now()))

    def _over(self, dialog: Dialog) -> None:
        if dialog.stage is not Stage.OVER:
            self._put(replace(dialog, stage=Stage.OVER, at=self._clock.now()))

    def _put(self, dialog: Dialog) -> None:
        self._known[dialog.id] = dialog
        self._known.move_to_end(dialog.id)
        self._forget_old()
        self._changed(dialog)

    def _too_old(self, dialog: Dialog) -> bool:
        return self._clock.now() - dialog.at > KEPT[dialog.stage]

    def _forget_old(self) -> None:
        for id_ in [id_ for id_, dialog in self._known.items() if self._too_old(dialog)]:
            self._drop(id_)
        while len(self._known) > MOST:
            self._drop(min(self._known.values(), key=lambda dialog: _FORGOTTEN_FIRST.index(dialog.stage)).id)

    def _drop(self, id_: Id) -> None:
        dialog = self._known.pop(id_)
        self._carriers.pop(id_, None)
        if dialog.stage is not Stage.OVER:
            self._changed(replace(dialog, stage=Stage.OVER))
