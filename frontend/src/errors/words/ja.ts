/** 日本語. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "error.unreachable": "サーバーに接続できません。",
  "error.invalid_message":
    "リクエストに誤りがあります。ページを再読み込みして、もう一度お試しください。",
  "error.unsupported_version": "ページが古くなっています。再読み込みしてください。",
  "error.unsupported_audio": "この種類の音声は使えません。",
  "error.invalid_audio": "この録音は使えません。",
  "error.payload_too_large": "録音が大きすぎます。",
  "error.unauthenticated": "もう一度ログインしてください。",
  "error.auth_unavailable": "現在ログインを確認できません。少し待ってからお試しください。",
  "error.forbidden": "この操作は許可されていません。",
  "error.not_found": "すでに存在しません。",
  "error.start_timeout": "接続に時間がかかりすぎました。もう一度お試しください。",
  "error.idle_timeout": "しばらく音声が届きませんでした。",
  "error.request_timeout": "アップロードが遅すぎました。もう一度お試しください。",
  "error.rate_limited": "リクエストが多すぎます。少し待ってからお試しください。",
  "error.request_in_progress": "すでに処理中です。少し待ってからお試しください。",
  "error.storage_limit": "これ以上声を保存できません。先に1つ削除してください。",
  "error.session_limit": "すでに別の場所で録音中です。",
  "error.quota_exceeded": "今日の時間を使い切りました。",
  "error.budget_exceeded": "本日の文字起こしは停止しています。",
  "error.max_duration": "最大の長さに達しました。続けるには、もう一度始めてください。",
  "error.capacity": "サーバーが混み合っています。少し待ってからお試しください。",
  "error.draining": "サーバーを再起動しています。少し待ってからお試しください。",
  "error.transcription_disabled": "文字起こしはオフです。",
  "error.provider_rejected": "文字起こしサービスが録音を受け付けませんでした。",
  "error.provider_rate_limited":
    "文字起こしサービスが混み合っています。少し待ってからお試しください。",
  "error.provider_unavailable":
    "文字起こしサービスに接続できません。少し待ってからお試しください。",
  "error.own_key_required": "ご自身のMistralキーが必要です。",
  "error.own_key_refused": "Mistralがキーを拒否しました。",
  "error.own_key_unreadable": "Mistralキーを読み取れなくなりました。",
  "error.ledger_unavailable": "現在残り時間を確認できません。少し待ってからお試しください。",
  "error.backend_unavailable": "現在保存データにアクセスできません。少し待ってからお試しください。",
  "error.slow_consumer": "接続が遅すぎます。",
  "error.internal": "こちらで問題が発生しました。もう一度お試しください。",
  "error.microphone_lost": "マイクの接続が切れました。",
  "signIn.anonymous_provider_disabled":
    "ここではアカウントなしで続けられません。ログインしてください。",
  "signIn.away": "ログインサービスが正しく応答しません。少し待ってからお試しください。",
  "signIn.busy": "ログインが集中しています。1分待ってからお試しください。",
  "signIn.captcha_failed":
    "ログインサービスが求めるCAPTCHAを、このページでは表示できません。運営者にお知らせください。",
  "signIn.email_address_invalid": "このメールアドレスは使えません。",
  "signIn.email_exists": "このメールアドレスのアカウントがあります。そちらでログインしてください。",
  "signIn.email_not_confirmed": "お送りしたリンクを開いてから、ログインしてください。",
  "signIn.invalid_credentials": "メールアドレスまたはパスワードが違います。",
  "signIn.over_email_send_rate_limit": "メールの送信が多すぎます。数分お待ちください。",
  "signIn.refused":
    "ログインサービスに拒否されました。もう一度試すか、別のアカウントをお使いください。",
  "signIn.same_password": "現在と同じパスワードです。",
  "signIn.signup_disabled": "ここでは新規登録できません。",
  "signIn.user_banned": "このアカウントは停止されています。",
  "signIn.weak_password": "推測されやすいパスワードです。もっと長くしてください。",
};
