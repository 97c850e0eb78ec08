"""Plan, run and import probes: what was observed from where.

- `folder.load_probes` reads the folder `probes/`, `folder.import_into` takes in another nmap file;
- `planning.make_plan` and `plan.plan_text`, `plan.read_plan`: what will be sent where;
- `run.run_plan` sends it;
- `observation.Scan` is what comes out, and says what it proves.
"""
