-- Local development only: a plan to try limits with, assigned in ledger.user_plans.
insert into ledger.plans (name, description)
values ('studio', 'For people who record all day')
on conflict (name) do nothing;

insert into ledger.plan_limits (plan, kind, sessions, seconds)
values ('studio', 'realtime', 3, 14400), ('studio', 'batch', 8, 28800)
on conflict (plan, kind) do nothing;
