Profile: CpIsSubscription
Parent: Subscription
Id: CpIs-Subscription
Title: "What a council is told of"
Description: """
A topic-based subscription as the Subscriptions R5 Backport guide has it for R4: `criteria` is the topic's address.

| Topic (`criteria`) | Tells of | Focus |
|---|---|---|
| `https://fhir.cpis.example/SubscriptionTopic/access` | an unscheduled look that showed a plan of the council | AuditEvent |
| `https://fhir.cpis.example/SubscriptionTopic/attendance` | an attendance as the EPR reported it, and its changes | Encounter |
| `https://fhir.cpis.example/SubscriptionTopic/person-change` | an NHS number that was superseded or made invalid | Patient |
| `https://fhir.cpis.example/SubscriptionTopic/plan-lapse` | an open unborn plan, 14 days before it lapses and when it did | EpisodeOfCare |

One filter is served: `EpisodeOfCare?type=` and kinds of plan. Without an endpoint nothing is pushed and the council
reads `$events`.
"""
* insert Closed
* insert NoExtension
* contact 0..0
* reason ^maxLength = 200
* reason obeys cpis-text-1
* criteria.extension ^slicing.discriminator.type = #value
* criteria.extension ^slicing.discriminator.path = "url"
* criteria.extension ^slicing.rules = #closed
* criteria.extension contains $FilterCriteria named filter 0..1
* channel.modifierExtension 0..0
* channel.extension ^slicing.discriminator.type = #value
* channel.extension ^slicing.discriminator.path = "url"
* channel.extension ^slicing.rules = #closed
* channel.extension contains $HeartbeatPeriod named heartbeat 0..1 and $NoticeTimeout named timeout 0..1 and
    $NoticeCountMax named countMax 0..1 and CpIsDigest named digest 0..1
* channel.extension[heartbeat].value[x] 1..1
* channel.extension[timeout].value[x] 1..1
* channel.extension[countMax].value[x] 1..1
* channel.extension[digest].value[x] 1..1
* channel.type = #rest-hook
* channel.endpoint ^short = "The council's receiver; without it the council polls"
* channel.payload 1..1
* channel.payload.extension ^slicing.discriminator.type = #value
* channel.payload.extension ^slicing.discriminator.path = "url"
* channel.payload.extension ^slicing.rules = #closed
* channel.payload.extension contains $PayloadContent named content 1..1
