"""Signals ask; a second one does not wait."""

import os
import signal
import threading

import pytest

from groundup.training.interrupt import Interrupt


@pytest.mark.parametrize(
    ("number", "end"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)], ids=["INT", "TERM"]
)
def test_a_signal_waits_until_it_is_asked_for(number, end):
    with Interrupt() as interrupt:
        interrupt.act(interrupt.asked)  # nobody has asked
        os.kill(os.getpid(), number)
        assert interrupt.asked == number
        with pytest.raises(end) as info:
            interrupt.act(interrupt.asked)
    if end is SystemExit:
        assert info.value.code == 143


def test_a_second_signal_ends_at_once():
    with Interrupt() as interrupt:
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt.asked
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_afterwards_signals_do_what_they_did_before():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Interrupt():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_in_another_thread_nothing_is_asked():
    failed = []

    def work():
        try:
            with Interrupt() as interrupt:
                interrupt.act(interrupt.asked)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert not failed
