from tests.test_kill import *
from tests.conftest import *
def test_yank(world):
    world.people["MGR2"].will("answer", after=1)
    world.caller.call(ENTRY)
    world.killed(HERE, "before answer", lambda: world.caller.press("0"))
    for _ in range(8):
        world.watch(3)
        print(world.now.time(), [p.number for p in world.caller.connected_to], world.people["OP1"].ringing)
    op=world.people["OP1"]
    if op.ringing: op.answer(); 
    else: op=world.people["OP2"]; op.answer()
    world.until(lambda: op.listening, 10); op.press("1")
    for _ in range(5):
        world.watch(3)
        print(world.now.time(), [p.number for p in world.caller.connected_to])
    print(world.story())
