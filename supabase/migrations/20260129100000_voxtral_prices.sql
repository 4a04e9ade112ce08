-- List prices of the models that are known by name. What an operator has set already stays.

insert into ledger.prices (provider, model, microdollars_per_minute) values
  ('mistral', 'voxtral-mini-transcribe-3', 3500),
  ('mistral', 'voxtral-mini-transcribe-3-0', 3500),
  ('mistral', 'voxtral-small-transcribe-3', 4000),
  ('mistral', 'voxtral-mini-transcribe-realtime-3', 8000),
  ('mistral', 'voxtral-mini-transcribe-realtime-3-0', 8000)
on conflict (provider, model) do nothing;
