-- What may be spent, what it costs, and what was spent.
create table ledger.plans (
  name text primary key check (name ~ '^[a-z][a-z0-9_]*$'),
  description text not null
);

create table ledger.plan_limits (
  plan text not null references ledger.plans (name) on delete cascade,
  kind text not null check (kind in ('realtime', 'batch')),
  sessions integer not null check (sessions >= 0),
  seconds integer not null check (seconds >= 0),
  primary key (plan, kind)
);
comment on column ledger.plan_limits.sessions is 'Open at once. None means that the plan does not include the kind.';
comment on column ledger.plan_limits.seconds is 'Audio seconds a day (UTC, by opening time).';

insert into ledger.plans (name, description) values
  ('default', 'Signed-in users without a plan of their own'),
  ('anonymous', 'Anonymous users, each'),
  ('anonymous_address', 'All anonymous users behind one address together');

insert into ledger.plan_limits (plan, kind, sessions, seconds) values
  ('default', 'realtime', 1, 1800),
  ('default', 'batch', 4, 3600),
  ('anonymous', 'realtime', 1, 300),
  ('anonymous', 'batch', 2, 600),
  ('anonymous_address', 'realtime', 3, 900),
  ('anonymous_address', 'batch', 6, 1800);

create table ledger.user_plans (
  user_id uuid primary key references auth.users (id) on delete cascade,
  plan text not null references ledger.plans (name)
);
create index user_plans_by_plan on ledger.user_plans (plan);

create table ledger.user_limits (
  user_id uuid not null references auth.users (id) on delete cascade,
  kind text not null check (kind in ('realtime', 'batch')),
  sessions integer check (sessions >= 0),
  seconds integer check (seconds >= 0),
  primary key (user_id, kind)
);
comment on table ledger.user_limits is 'Exceptions for one user; null leaves the plan''s figure.';

create table ledger.deployment (
  singleton boolean primary key default true check (singleton),
  open_sessions integer not null default 400 check (open_sessions >= 0),
  budget_microdollars bigint not null default 10000000 check (budget_microdollars >= 0),
  address_salt uuid not null default gen_random_uuid()
);
comment on column ledger.deployment.budget_microdollars is 'Dollars / 1,000,000 a day (UTC), for everybody together.';
comment on column ledger.deployment.address_salt is 'Without it the kept keys of addresses could be guessed.';
insert into ledger.deployment default values;

create table ledger.prices (
  provider text not null,
  model text not null,
  microdollars_per_minute bigint not null check (microdollars_per_minute >= 0),
  primary key (provider, model)
);
comment on table ledger.prices is
  'Of a minute of audio. Model * is the provider''s default. What is not listed costs as much as the '
  'dearest that is.';

insert into ledger.prices (provider, model, microdollars_per_minute) values
  ('mistral', 'voxtral-mini-2602', 3000),
  ('mistral', 'voxtral-mini-transcribe-realtime-2602', 6000),
  ('mistral', '*', 8000),
  ('vllm', '*', 0);

create table public.transcription_usage (
  id uuid primary key,
  user_id uuid references auth.users (id) on delete set null,
  is_anonymous boolean not null,
  address_key bytea,
  kind text not null check (kind in ('realtime', 'batch')),
  provider text not null,
  model text not null,
  replaces uuid unique references public.transcription_usage (id),
  status text not null default 'open'
    check (status in ('open', 'complete', 'partial', 'failed', 'expired', 'replaced', 'revoked')),
  reason text check (char_length(reason) <= 64),
  opened_at timestamptz not null,
  opened_on date not null generated always as ((opened_at at time zone 'UTC')::date) stored,
  touched_at timestamptz not null,
  lease_seconds integer not null check (lease_seconds between 1 and 3600),
  expires_at timestamptz not null,
  closed_at timestamptz,
  granted_seconds numeric(12, 3) not null check (granted_seconds >= 0),
  cut_by text not null check (cut_by in ('max_duration', 'quota_exceeded', 'budget_exceeded')),
  told_seconds numeric(12, 3) not null default 0 check (told_seconds >= 0),
  ingest_rate smallint not null check (ingest_rate in (2, 4)),
  audio_seconds numeric(12, 3) check (audio_seconds >= 0),
  charged_seconds numeric(12, 3) not null,
  microdollars_per_minute bigint not null check (microdollars_per_minute >= 0),
  cost_microdollars bigint not null
    generated always as (ceil(charged_seconds * microdollars_per_minute / 60)::bigint) stored,

  constraint usage_charge_within_the_grant check (charged_seconds between 0 and granted_seconds),
  constraint usage_open_work_reserves_its_whole_grant
    check (status <> 'open' or charged_seconds = granted_seconds),
  constraint usage_open_until_closed check ((status = 'open') = (closed_at is null)),
  constraint usage_settled_by_its_owner_alone
    check ((audio_seconds is null) = (status in ('open', 'expired', 'replaced', 'revoked'))),
  constraint usage_lease_follows_the_touch check (expires_at > touched_at and touched_at >= opened_at),
  constraint usage_replaces_another check (replaces <> id)
);

comment on table public.transcription_usage is
  'One row per transcription: first a lease and a reservation, then what was charged. '
  'Outlives the account without its name.';
comment on column public.transcription_usage.address_key is
  'Salted hash of an anonymous caller''s address; dropped after the day.';
comment on column public.transcription_usage.status is
  'What the owner reported at its close; until then, what the ledger decided.';
comment on column public.transcription_usage.granted_seconds is 'Audio seconds that the caller may use.';
comment on column public.transcription_usage.cut_by is 'What keeps the grant from being longer.';
comment on column public.transcription_usage.told_seconds is 'Audio seconds as of the last heartbeat.';
comment on column public.transcription_usage.ingest_rate is
  'Greatest speed of ingest since the last heartbeat, in seconds of audio a second.';
comment on column public.transcription_usage.audio_seconds is
  'As the owner reported at its close. Null: not settled by its owner.';
comment on column public.transcription_usage.charged_seconds is 'Counted against the limits: the whole grant while open.';

create index usage_by_user_and_day on public.transcription_usage (user_id, opened_on, kind);
create index usage_by_day on public.transcription_usage (opened_on);
create index usage_by_address_and_day on public.transcription_usage (address_key, opened_on, kind)
  where address_key is not null;
create index usage_open on public.transcription_usage (user_id) where status = 'open';

alter table ledger.plans enable row level security;
alter table ledger.plan_limits enable row level security;
alter table ledger.user_plans enable row level security;
alter table ledger.user_limits enable row level security;
alter table ledger.deployment enable row level security;
alter table ledger.prices enable row level security;
alter table public.transcription_usage enable row level security;

create policy "A user sees their own usage" on public.transcription_usage
  for select to authenticated
  using (user_id = (select auth.uid()));

revoke all on public.transcription_usage from public, anon, authenticated, service_role;
grant select (
  id, user_id, kind, model, status, reason, opened_at, closed_at,
  granted_seconds, audio_seconds, charged_seconds, cost_microdollars
) on public.transcription_usage to authenticated;
grant select on public.transcription_usage to service_role;
