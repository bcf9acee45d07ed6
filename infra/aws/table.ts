/** The store's table, made from the definition that its driver has. */
import { RemovalPolicy, type Stack } from 'aws-cdk-lib';
import {
  type Attribute,
  AttributeType,
  BillingMode,
  ProjectionType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { DYNAMODB_TABLE } from '../../src/store/dynamodb/table.ts';

const TYPES = { S: AttributeType.STRING, N: AttributeType.NUMBER, B: AttributeType.BINARY } as const;

function attribute({ name, type }: { name: string; type: keyof typeof TYPES }): Attribute {
  return { name, type: TYPES[type] };
}

export interface TableSettings {
  /** Whether the table outlives the stack. */
  keepData: boolean;
  /** Whose key it is encrypted with at rest: DynamoDB's own, or the account's, whose use is in its CloudTrail and costs. */
  encryption: 'owned' | 'managed';
  /** Most request units a second, for the budget; null: as many as come. What is beyond is refused, whoever asks. */
  maxReadUnits: number | null;
  maxWriteUnits: number | null;
}

export function addTable(stack: Stack, { keepData, encryption, maxReadUnits, maxWriteUnits }: TableSettings): Table {
  const { partitionKey, sortKey, dueIndex, billingMode, ttlAttribute } = DYNAMODB_TABLE;
  const most = {
    ...(maxReadUnits === null ? {} : { maxReadRequestUnits: maxReadUnits }),
    ...(maxWriteUnits === null ? {} : { maxWriteRequestUnits: maxWriteUnits }),
  };
  const table = new Table(stack, 'Store', {
    partitionKey: attribute(partitionKey),
    sortKey: attribute(sortKey),
    billingMode: BillingMode[billingMode],
    timeToLiveAttribute: ttlAttribute,
    encryption: encryption === 'managed' ? TableEncryption.AWS_MANAGED : TableEncryption.DEFAULT,
    ...most,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: keepData,
    removalPolicy: keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
  table.addGlobalSecondaryIndex({
    indexName: dueIndex.name,
    partitionKey: attribute(dueIndex.partitionKey),
    sortKey: attribute(dueIndex.sortKey),
    projectionType: ProjectionType[dueIndex.projection],
    ...most,
  });
  return table;
}

/** What the driver asks of the table to take old entries out of logs, beside `mayUse`. */
export function mayTrim(table: Table): PolicyStatement {
  return new PolicyStatement({ actions: ['dynamodb:BatchWriteItem'], resources: [table.tableArn] });
}

/** What the driver asks of the table, and nothing more: it makes and describes none. */
export function mayUse(table: Table): PolicyStatement[] {
  return [
    new PolicyStatement({
      actions: [
        'dynamodb:BatchGetItem',
        'dynamodb:ConditionCheckItem',
        'dynamodb:DeleteItem',
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:Query',
        'dynamodb:UpdateItem',
      ],
      resources: [table.tableArn],
    }),
    new PolicyStatement({
      actions: ['dynamodb:Query'],
      resources: [`${table.tableArn}/index/${DYNAMODB_TABLE.dueIndex.name}`],
    }),
  ];
}
