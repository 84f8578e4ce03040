# Long runs and maintainers' tasks. The two commands everybody needs are ./start and ./check.
PY = .venv/bin/python

.PHONY: dark-story moments bench faults guarantees lock mutants mutate screenshots messages sheet simulations simulator-speed soak ui

bench:            ## figures as ratios; writes bench/results/
	$(PY) -m bench.predict
	$(PY) -m bench.intake
	$(PY) -m bench.review_loop
	$(PY) -m bench.stop
	$(PY) -m bench.exports
	$(PY) -m bench.pages
	$(PY) -m bench.budgets
	$(PY) -m bench.review_loop --only loopback --decisions 2000 --keep review_session

guarantees:       ## every statistical guarantee at full size; resumable
	$(PY) -m bench.guarantees

simulator-speed:  ## 20,000 parts through the simulator without pixels, against its limit; minutes
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PY) -m bench.simulator_speed

simulations:      ## the factory simulator at size: wrong promotions, climbs, always-pass; resumable, hours
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PY) -m bench.simulated
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PY) -m bench.scenarios --all

mutants:          ## mutation score of stats/: comparisons, signs, logic, constants; resumable, minutes
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PY) -m bench.mutants

mutate:           ## the same with every kind of change that mutmut knows; hours
	cd $(CURDIR) && .venv/bin/mutmut run

faults:           ## kill processes under load and check that nothing is lost
	$(PY) -m bench.faults

soak:             ## half an hour of the same on one engine, with its memory; SOAK="--minutes 2" for a short one
	$(PY) -m bench.soak $(SOAK)

moments:          ## the demo's three moments and first ten minutes in a browser, on the product's own processes; minutes
	TOLLGATE_ENV=test TOLLGATE_PICTURES=docs/pictures .venv/bin/pytest -m moments

dark-story:       ## pictures of a lamp that fades, fails and comes back, as a lead sees it; into docs/pictures/
	TOLLGATE_ENV=test TOLLGATE_PICTURES=docs/pictures .venv/bin/pytest tests/browser/test_dark_story.py

lock:             ## write the lock files from requirements*.txt (needs uv)
	tools/lock.sh

messages:         ## collect texts and compile the Korean ones
	$(PY) tools/messages.py

screenshots:      ## pictures of the running demo for the documents
	$(PY) tools/screenshots.py

sheet:            ## every page of the running demo small on a few sheets, to be looked over; var/sheets/
	$(PY) -m tools.contact_sheet

ui:               ## axe and the scripted checks of accessibility on every page of the running demo; about half an hour
	$(PY) -m tools.ui --keep bench/results/ui.json
