Instance: CpIs-Flag-status
InstanceOf: SearchParameter
Usage: #definition
* url = "https://fhir.cpis.example/SearchParameter/CpIs-Flag-status"
* version = "0.1.0"
* name = "CpIsFlagStatus"
* status = #active
* description = "The status of a flag."
* code = #status
* base = #Flag
* type = #token
* expression = "Flag.status"

Instance: CpIs-Flag-code
InstanceOf: SearchParameter
Usage: #definition
* url = "https://fhir.cpis.example/SearchParameter/CpIs-Flag-code"
* version = "0.1.0"
* name = "CpIsFlagCode"
* status = #active
* description = "The kind of plan."
* code = #code
* base = #Flag
* type = #token
* expression = "Flag.code"

Instance: CpIs-Flag-category
InstanceOf: SearchParameter
Usage: #definition
* url = "https://fhir.cpis.example/SearchParameter/CpIs-Flag-category"
* version = "0.1.0"
* name = "CpIsFlagCategory"
* status = #active
* description = "The category of a flag."
* code = #category
* base = #Flag
* type = #token
* expression = "Flag.category"

Instance: CpIs-Flag-detail
InstanceOf: SearchParameter
Usage: #definition
* url = "https://fhir.cpis.example/SearchParameter/CpIs-Flag-detail"
* version = "0.1.0"
* name = "CpIsFlagDetail"
* status = #active
* description = "The plan that a flag is about."
* code = #detail
* base = #Flag
* type = #reference
* expression = "Flag.extension('http://hl7.org/fhir/StructureDefinition/flag-detail').value"
* target = #EpisodeOfCare

Instance: CpIs-AuditEvent-purpose-of-use
InstanceOf: SearchParameter
Usage: #definition
* url = "https://fhir.cpis.example/SearchParameter/CpIs-AuditEvent-purpose-of-use"
* version = "0.1.0"
* name = "CpIsAuditEventPurposeOfUse"
* status = #active
* description = "Why access was asked for."
* code = #purpose-of-use
* base = #AuditEvent
* type = #token
* expression = "AuditEvent.purposeOfEvent | AuditEvent.agent.purposeOfUse"

Instance: CpIs-AuditEvent-organization
InstanceOf: SearchParameter
Usage: #definition
* url = "https://fhir.cpis.example/SearchParameter/CpIs-AuditEvent-organization"
* version = "0.1.0"
* name = "CpIsAuditEventOrganization"
* status = #active
* description = "The organization of the caller, by ODS code."
* code = #organization
* base = #AuditEvent
* type = #token
* expression = "AuditEvent.agent.where(type.coding.where(code = 'PROV').exists()).who.identifier"

Instance: CpIs-AuditEvent-unscheduled
InstanceOf: SearchParameter
Usage: #definition
* url = "https://fhir.cpis.example/SearchParameter/CpIs-AuditEvent-unscheduled"
* version = "0.1.0"
* name = "CpIsAuditEventUnscheduled"
* status = #active
* description = "Whether the access was for unscheduled care."
* code = #unscheduled
* base = #AuditEvent
* type = #token
* expression = "AuditEvent.entity.detail.where(type = 'unscheduled').value"

Instance: CpIs-AuditEvent-plan-found
InstanceOf: SearchParameter
Usage: #definition
* url = "https://fhir.cpis.example/SearchParameter/CpIs-AuditEvent-plan-found"
* version = "0.1.0"
* name = "CpIsAuditEventPlanFound"
* status = #active
* description = "Whether the answer showed a plan."
* code = #plan-found
* base = #AuditEvent
* type = #token
* expression = "AuditEvent.entity.detail.where(type = 'plan-found').value"

Instance: CpIs-NamingSystem-url
InstanceOf: SearchParameter
Usage: #definition
* url = "https://fhir.cpis.example/SearchParameter/CpIs-NamingSystem-url"
* version = "0.1.0"
* name = "CpIsNamingSystemUrl"
* status = #active
* description = "A system that is named, or the address of the NamingSystem itself: R4 gives it no URL."
* code = #url
* base = #NamingSystem
* type = #uri
* expression = "NamingSystem.uniqueId.where(type = 'uri').value"
