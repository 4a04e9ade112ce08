-- What may be spent, what it costs, what was spent, and the totals that decisions go by.
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
comment on column ledger.plan_limits.sessions is 'Open at once. Zero means that the plan does not include the kind.';
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
  keep_usage_days integer not null default 400 check (keep_usage_days >= 2),
  salt uuid not null default gen_random_uuid()
);
comment on column ledger.deployment.budget_microdollars is 'Dollars / 1,000,000 a day (UTC), for everyone together.';
comment on column ledger.deployment.keep_usage_days is 'Rows of transcription_usage that are older are deleted.';
comment on column ledger.deployment.salt is
  'Without it the kept keys of addresses and identities could be guessed.';
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
  ('mistral', 'voxtral-mini-transcribe-3', 3500),
  ('mistral', 'voxtral-mini-transcribe-3-0', 3500),
  ('mistral', 'voxtral-small-transcribe-3', 4000),
  ('mistral', 'voxtral-mini-transcribe-realtime-3', 8000),
  ('mistral', 'voxtral-mini-transcribe-realtime-3-0', 8000),
  ('mistral', '*', 8000),
  ('vllm', '*', 0),
  ('openai', 'whisper-1', 6000),
  ('openai', 'gpt-4o-transcribe', 6000),
  ('openai', 'gpt-4o-mini-transcribe', 3000);

create table public.transcription_usage (
  id uuid primary key,
  user_id uuid references auth.users (id) on delete set null,
  payer uuid,
  is_anonymous boolean not null,
  address_key bytea,
  kind text not null check (kind in ('realtime', 'batch')),
  provider text not null,
  model text not null,
  own_key boolean not null default false,
  direct boolean not null default false,
  line uuid not null,
  step integer not null check (step >= 1),
  replaces uuid,
  status text not null default 'open'
    check (status in ('open', 'complete', 'partial', 'failed', 'expired', 'replaced', 'revoked')),
  held boolean not null default true,
  reason text check (char_length(reason) <= 64),
  opened_at timestamptz not null,
  opened_on date not null generated always as ((opened_at at time zone 'UTC')::date) stored,
  touched_at timestamptz not null,
  lease_seconds integer not null check (lease_seconds between 1 and 3600),
  expires_at timestamptz not null,
  closed_at timestamptz,
  most_seconds numeric(12, 3) not null,
  granted_seconds numeric(12, 3) not null check (granted_seconds >= 0),
  cut_by text not null check (cut_by in ('max_duration', 'quota_exceeded', 'budget_exceeded')),
  told_seconds numeric(12, 3) not null default 0 check (told_seconds >= 0),
  credit_seconds numeric(12, 3) not null,
  audio_seconds numeric(12, 3) check (audio_seconds >= 0),
  charged_seconds numeric(12, 3) not null,
  microdollars_per_minute bigint not null check (microdollars_per_minute >= 0),
  cost_microdollars bigint not null
    generated always as (ceil(charged_seconds * microdollars_per_minute / 60)::bigint) stored,
  shard smallint not null,

  constraint usage_charge_within_the_grant check (charged_seconds between 0 and granted_seconds),
  constraint usage_grant_within_the_most check (granted_seconds <= most_seconds),
  constraint usage_credit_within_the_grant check (credit_seconds between 0 and granted_seconds),
  constraint usage_open_work_reserves_its_whole_grant
    check (status <> 'open' or charged_seconds = granted_seconds),
  constraint usage_unsettled_work_is_charged_its_credit
    check (status = 'open' or audio_seconds is not null or charged_seconds = credit_seconds),
  constraint usage_open_until_closed check ((status = 'open') = (closed_at is null)),
  constraint usage_settled_by_its_owner_alone
    check ((audio_seconds is null) = (status in ('open', 'expired', 'replaced', 'revoked'))),
  constraint usage_held_while_it_may_come_back check (
    case when status = 'open' then held when status in ('replaced', 'revoked') then true else not held end
  ),
  constraint usage_lease_follows_the_touch check (expires_at > touched_at and touched_at >= opened_at),
  constraint usage_first_of_its_line check ((step = 1) = (line = id) and (step = 1) = (replaces is null)),
  constraint usage_with_an_own_key_is_free check (not own_key or microdollars_per_minute = 0)
) with (fillfactor = 80);

comment on table public.transcription_usage is
  'One row per transcription: first a lease and a reservation, then what was charged. '
  'Outlives the account without its name.';
comment on column public.transcription_usage.payer is
  'Salted hash of the account. Outlives the account for the day, so that its limits hold.';
comment on column public.transcription_usage.address_key is
  'Salted hash of an anonymous caller''s address; dropped after the day.';
comment on column public.transcription_usage.own_key is
  'Transcribed with a key of the user''s own: its provider bills them, and no quota counts it.';
comment on column public.transcription_usage.direct is
  'Carried by its client, who has a secret of the provider''s: counted by the wall clock.';
comment on column public.transcription_usage.line is 'The first session of the recording that this one goes on with.';
comment on column public.transcription_usage.status is
  'What the owner reported at its close; until then, what the ledger decided.';
comment on column public.transcription_usage.held is
  'Whether what is charged may still come back: the lease has not ended, and nothing was settled.';
comment on column public.transcription_usage.most_seconds is 'The grant, if no quota or budget had cut it.';
comment on column public.transcription_usage.granted_seconds is 'Audio seconds that the caller may use.';
comment on column public.transcription_usage.cut_by is 'What keeps the grant from being longer.';
comment on column public.transcription_usage.told_seconds is 'Audio seconds as of the last heartbeat.';
comment on column public.transcription_usage.credit_seconds is
  'Audio seconds that the carrier may hand over before the ledger allows more: what an unsettled '
  'session is charged.';
comment on column public.transcription_usage.audio_seconds is
  'As the owner reported at its close. Null: not settled by its owner.';
comment on column public.transcription_usage.charged_seconds is
  'Counted against the limits, unless with an own key: the whole grant while open.';
comment on column public.transcription_usage.shard is 'Which part of the deployment''s day it is counted in.';

-- Ids rise with time, so that both ends of a day's work meet in pages that are in memory. What a
-- heartbeat writes is in no index.
create index usage_by_user on public.transcription_usage (user_id, opened_at);
create unique index usage_by_line on public.transcription_usage (line, step) where step > 1;
create index usage_held_by_payer on public.transcription_usage (payer) where held;
create index usage_held_by_address on public.transcription_usage (address_key)
  where held and address_key is not null;
create index usage_to_forget on public.transcription_usage (opened_at)
  where address_key is not null or (user_id is null and payer is not null);
create index usage_by_time on public.transcription_usage using brin (opened_at) with (autosummarize = on);

-- Totals, kept by the functions that change a row of usage, in the same transaction.
create table ledger.user_days (
  payer uuid not null,
  day date not null,
  kind text not null,
  seconds numeric(14, 3) not null default 0 check (seconds >= 0),
  held_seconds numeric(14, 3) not null default 0 check (held_seconds between 0 and seconds),
  microdollars bigint not null default 0 check (microdollars >= 0),
  held_microdollars bigint not null default 0 check (held_microdollars between 0 and microdollars),
  own_key_seconds numeric(14, 3) not null default 0 check (own_key_seconds >= 0),
  primary key (payer, day, kind)
) with (fillfactor = 50);
comment on column ledger.user_days.seconds is 'Charged, what is held included; without own keys.';
comment on column ledger.user_days.held_seconds is 'Of them, what may still come back.';
comment on column ledger.user_days.own_key_seconds is 'Used with own keys, and over.';

create table ledger.address_days (
  address_key bytea not null,
  day date not null,
  kind text not null,
  seconds numeric(14, 3) not null default 0 check (seconds >= 0),
  held_seconds numeric(14, 3) not null default 0 check (held_seconds between 0 and seconds),
  primary key (address_key, day, kind)
) with (fillfactor = 50);

-- The deployment's day in parts, so that those who open at once wait for a part and not for each
-- other. What a part may spend is dealt out of the whole; when a part is short, all are dealt anew.
create table ledger.deployment_days (
  day date not null,
  shard smallint not null,
  microdollars bigint not null default 0 check (microdollars >= 0),
  held_microdollars bigint not null default 0 check (held_microdollars between 0 and microdollars),
  open_sessions integer not null default 0 check (open_sessions >= 0),
  budget bigint not null default 0,
  places integer not null default 0,
  of_budget bigint not null default -1,
  of_places integer not null default -1,
  primary key (day, shard)
) with (fillfactor = 20);
comment on column ledger.deployment_days.open_sessions is 'Opened on that day, and open.';
comment on column ledger.deployment_days.budget is 'The most that `microdollars` may become in this part.';
comment on column ledger.deployment_days.places is 'The most that `open_sessions` may become in this part.';
comment on column ledger.deployment_days.of_budget is 'The deployment''s budget that was dealt. Another one is dealt anew.';

-- Which payers have worked under an identity today: an account that comes back under the same
-- e-mail address, phone number or provider's subject finds its day as it left it.
create table ledger.identities (
  identity_key bytea not null,
  day date not null,
  payer uuid not null,
  primary key (identity_key, day, payer)
);
create index identities_by_day on ledger.identities (day);
comment on table ledger.identities is 'Salted hashes; dropped after the day.';

create table ledger.upkeep (
  singleton boolean primary key default true check (singleton),
  scanned_at timestamptz not null default '-infinity',
  recounted_day date not null default '-infinity'
);
comment on column ledger.upkeep.scanned_at is 'When all leases were last looked through for dead ones.';
insert into ledger.upkeep default values;

do $$
declare
  closed text;
begin
  foreach closed in array array[
    'plans', 'plan_limits', 'user_plans', 'user_limits', 'deployment', 'prices',
    'user_days', 'address_days', 'deployment_days', 'identities', 'upkeep'
  ] loop
    execute format('alter table ledger.%I enable row level security', closed);
  end loop;
end
$$;
alter table public.transcription_usage enable row level security;

create policy "A user sees their own usage" on public.transcription_usage
  for select to authenticated
  using (user_id = (select auth.uid()));

revoke all on public.transcription_usage from public, anon, authenticated, service_role;
grant select (
  id, user_id, kind, model, status, reason, opened_at, closed_at, own_key, direct,
  granted_seconds, audio_seconds, charged_seconds, cost_microdollars
) on public.transcription_usage to authenticated;
grant select on public.transcription_usage to service_role;
