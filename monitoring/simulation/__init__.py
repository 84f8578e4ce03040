"""The factory simulator: the product's own deeds on an accelerated clock, in a scratch database of its own.

    scratch.py    a database, an image store and ids that exist for one run only
    factory.py    what a factory is like: rates, shares, bank, model, people (`Factory`, `Skill`, `Habits`)
    parts.py      the parts that are made (`Made`) and who makes them (`Maker`)
    eyes.py       what looks at an image: a score model without pixels (`ScoreModel`), or the real stages (`Pictures`)
    people.py     inspectors who read and leads who rule, certify, sign, and look into holds
    founding.py   a line founded, banked, served and put on its rung by the deeds
    world.py      `World`: the line, the clock and one tick of both
    witness.py    what is noted while the world turns
    report.py     the JSON object of one run; picture.py draws it
    runs.py       `simulate(options)`: founding, ticks, report
    scenarios/    one file per scenario, a subclass of `Scenario`

A new scenario is a file in `scenarios/` with a subclass of `Scenario` and one line in `scenarios.SCENARIOS`. It says
what the factory is like (`factory`), which item the event is (`event_at`), and changes the world through hooks:
`begin(world)` once the line stands on its rung; `make(world, part)` for every part before it enters; `before(world)`
and `after(world)` around every tick; `is_over(world)`, `leaves(world, hold)` and `rollout(world)`. What a hook does to
the line it does with the product's deeds (`world.line`, `world.now`, `world.leads`), and to nature with `world.maker`,
`world.eyes.skills[version.pk]` and `world.inspectors.habits`. Nothing else in the package knows a scenario by name.
"""
