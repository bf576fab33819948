Extension: CpIsDigest
Id: Extension-CpIs-Digest
Title: "Digest"
Description: "Minutes for which the first notice of a notification waits for others, so that a council is told in one go."
Context: Subscription.channel
* extension 0..0
* value[x] only positiveInt
* value[x] 1..1
